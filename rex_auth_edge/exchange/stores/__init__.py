"""The stores of both ends of synchronisation, over SQL; `shown` is for who only looks.

Each lives for one transaction: cells that it has read and written are kept until `flush` writes them together, with
where its end stands. What changes once or twice in a transaction, as a hub's record in the cloud, is written at once.
"""
