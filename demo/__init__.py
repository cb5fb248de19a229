"""`make demo`: the whole way from three old databases to verified rows in a new one, while a person watches.

Everything is private to the demo and ends with it: databases, servers, Dagster. Nothing here is needed to migrate a
database of one's own.
"""
