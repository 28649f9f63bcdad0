"""HTTP: asks flows and renders their answers; never stores, signs or sends."""
