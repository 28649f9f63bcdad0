"""How changes of each kind are decided, by both ends alike; `verdict` says which rule is whose."""
