"""The stores of both ends of synchronisation, over SQL.

Each lives for one transaction: what it has read and written is kept until `flush` writes all of it together.
"""
