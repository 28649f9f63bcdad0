"""The cloud's end: it gives a household's changes their order, decides each once, and hands the outcome to every hub.

`answer.answer` takes a request's bytes and a store with its transaction open, and gives the answer's bytes.
"""
