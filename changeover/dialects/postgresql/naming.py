"""Quoting of PostgreSQL."""


def quote(name: str) -> str:
    """The identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'
