"""Flows within their rates: what the API's controllers and the pages both ask, with the same limits for both.

Each raises RefusedError where the flow or a rate refuses.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

from rex_auth_edge.domain.names import email_key
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.flows import login, password, recover, sessions, signup, verify
from rex_auth_edge.flows.devices import deciding
from rex_auth_edge.flows.devices.records import Change
from rex_auth_edge.flows.household import children, front, house, passes, presence
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.web.rates import Rule
from rex_auth_edge.web.visit import Visit

T = TypeVar("T")


async def sign_in(visit: Visit, request: login.SignIn) -> sessions.SignedIn:
    """A session for the right password."""
    account = visit.account_key(request.name or "", request.tenant)
    await visit.spare(Rule.LOGIN, account)
    return await visit.counted(Rule.LOGIN, account, login.sign_in(visit.desk.parts, request, visit.caller))


async def reauthenticate(visit: Visit, principal: Principal, typed: str | None) -> None:
    """Prove again who one is."""
    account = principal.account
    await visit.spare(Rule.PASSWORD, account)
    flow = password.reauthenticate(visit.desk.parts, principal, typed, visit.caller)
    await visit.counted(Rule.PASSWORD, account, flow)


async def change_password(visit: Visit, principal: Principal, current: str | None, new: str | None) -> None:
    """Set a new password knowing the present one."""
    account = principal.account
    await visit.spare(Rule.PASSWORD, account)
    flow = password.change(visit.desk.parts, principal, current, new, visit.caller)
    await visit.counted(Rule.PASSWORD, account, flow)


async def register(visit: Visit, asked: signup.Application) -> str:
    """Begin a registration: its `temp_token`."""
    await visit.spend(Rule.REGISTER, email_key(asked.email or ""))
    return _granted(await signup.initiate(visit.desk.parts, asked, visit.caller))


async def prove(visit: Visit, proof: verify.Proof) -> sessions.SignedIn:
    """An account and its first session for the right code."""
    account = email_key(proof.email or "")
    await visit.spare(Rule.VERIFY, account)
    return await visit.counted(Rule.VERIFY, account, verify.verify(visit.desk.parts, proof, visit.caller))


async def resend(visit: Visit, email: str | None, temp_token: str | None) -> str:
    """Another code for a registration: its `temp_token`, which stays good."""
    await visit.spend(Rule.RESEND, email_key(email or ""))
    return _granted(await signup.resend(visit.desk.parts, email, temp_token, visit.caller))


async def forgot(visit: Visit, email: str | None, tenant: str | None) -> None:
    """A reset link to the address, if anybody has it."""
    await visit.spend(Rule.FORGOT, email_key(email or ""))
    refused = await recover.forgot(visit.desk.parts, email, tenant, visit.caller)
    if refused is not None:
        raise RefusedError(refused)


async def look_at_reset(visit: Visit, token: str | None) -> recover.Resettable:
    """Whom a reset token is for."""
    await visit.spend(Rule.RESET, token or "")
    return await visit.counted(Rule.RESET, token or "", recover.check(visit.desk.parts, token))


async def reset(visit: Visit, token: str | None, new: str | None) -> None:
    """Set a new password with a reset token."""
    await visit.spend(Rule.RESET, token or "")
    await visit.counted(Rule.RESET, token or "", recover.reset(visit.desk.parts, token, new, visit.caller))


async def look_at_invitation(visit: Visit, code: str) -> front.Invited:
    """What an invitation says; guessed at as seldom as reset tokens."""
    key = f"invitation {code}"
    await visit.spend(Rule.RESET, key)
    return await visit.counted(Rule.RESET, key, front.invited(visit.desk.parts, code))


async def ask_as_child(visit: Visit, asked: children.Asked) -> children.Waiting:
    """A child's request to join; each costs a hash, so they are as few as registrations."""
    await visit.spend(Rule.REGISTER, f"child {asked.username}")
    return await visit.counted(Rule.RESET, "child", children.ask(visit.desk.parts, asked, visit.caller))


async def look_at_child(visit: Visit, token: str | None) -> children.Standing:
    """Where a child's request stands."""
    key = f"child {token}"
    await visit.spend(Rule.RESET, key)
    return await visit.counted(Rule.RESET, key, children.look(visit.desk.parts, token))


async def start_recovery(visit: Visit, secret: str | None, tenant: str | None) -> presence.Begun:
    """A recovery, for the secret of the hub's label."""
    return await _by_label(visit, presence.start(visit.desk.parts, secret, tenant, visit.caller))


async def finish_recovery(
    visit: Visit, secret: str | None, code: str | None, username: str | None, tenant: str | None
) -> presence.Granted:
    """A token for an owner's new password, for both secrets of a recovery."""
    return await _by_label(visit, presence.finish(visit.desk.parts, secret, code, username, tenant, visit.caller))


async def _by_label(visit: Visit, flow: Coroutine[Any, Any, T | Refused]) -> T:
    """The flow's result. Wrong secrets are counted: 5 an hour of an address, 30 a day of all together."""
    try:
        await visit.spare(Rule.LABEL, "")
    except RefusedError:
        flow.close()
        raise
    result = await flow
    if not isinstance(result, Refused):
        return result
    if result.code in {Code.INVALID_LABEL_SECRET, Code.INVALID_OTP}:
        await visit.failed(Rule.LABEL, "")
    raise RefusedError(result)


async def look_at_pass(visit: Visit, secret: str | None) -> passes.Shown:
    """A guest's pass, for its secret."""
    key = f"pass {secret}"
    await visit.spend(Rule.RESET, key)
    return await visit.counted(Rule.RESET, key, passes.show(visit.desk.parts, secret, visit.caller))


async def claim(visit: Visit, principal: Principal, setup_code: str | None) -> None:
    """Make somebody who is a member already the first owner."""
    account = principal.account
    await visit.spare(Rule.VERIFY, account)
    await visit.counted(Rule.VERIFY, account, house.claim(visit.desk.parts, principal, setup_code, visit.caller))


async def look_at_ask(visit: Visit, actor: Actor, code: str | None) -> deciding.Ask:
    """Which device asks with this code."""
    await visit.spare(Rule.PAIR, f"{actor.tenant_id} {actor.user_id}")
    return await _decided(visit, actor, await deciding.look(visit.desk.parts, actor, code))


async def approve_ask(visit: Visit, actor: Actor, ask_id: UUID, code: str | None, wanted: Change) -> deciding.Ask:
    """Let a device in that asks with this code."""
    await visit.spare(Rule.PAIR, f"{actor.tenant_id} {actor.user_id}")
    return await _decided(visit, actor, await deciding.approve(visit.desk.parts, actor, ask_id, code, wanted))


async def _decided(visit: Visit, actor: Actor, result: deciding.Ask | Refused) -> deciding.Ask:
    """The device that was meant; only wrong codes count as failures."""
    if not isinstance(result, Refused):
        return result
    if result.code is Code.INVALID_PAIRING_CODE:
        await visit.failed(Rule.PAIR, f"{actor.tenant_id} {actor.user_id}")
    raise RefusedError(result)


def _granted(result: str | Refused) -> str:
    if isinstance(result, Refused):
        raise RefusedError(result)
    return result
