"""The hub's end: it writes at once, sends when it can, and shows what it has got with its own unsent changes on top.

`write` adds a change, `push` and `pull` make requests' bytes, `apply` takes the answer's; each in one transaction,
which ends with `seal`.
"""
