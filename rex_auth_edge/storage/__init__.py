"""The only room that knows rows: engines, tables, one file of queries per aggregate."""
