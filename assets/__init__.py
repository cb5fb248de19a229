"""What moves: each folder here is a domain of mappings; the modules make Dagster assets of them.

This package imports no Dagster by itself: the command line reads the mappings of the domains without it.
"""
