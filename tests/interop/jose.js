// node jose.js JWKS ISSUER AUDIENCE < tokens, one a line: each with the keys at JWKS; prints what each says, or why it is refused.
const { createRemoteJWKSet, jwtVerify } = require('jose');
const [jwks, issuer, audience] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwks));
(async () => {
  for (const token of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' });
      console.log(JSON.stringify({ sub: payload.sub, alg: protectedHeader.alg }));
    } catch (error) {
      console.log(JSON.stringify({ refused: error.code }));
    }
  }
})();
