"""Synchronisation on real databases and a real line: `sync` says what is true, and does no I/O; here it is done.

`stores` keep cells in SQL; `mirror` carries a household's ordinary tables into cells and back; `hub` and `cloud` are
the two ends of the line; `oversight` is what people see of it and decide. In `finish` a flow's transaction meets it.
"""
