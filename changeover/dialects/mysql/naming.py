"""Quoting of MariaDB and MySQL."""


def quote(name: str) -> str:
    """The identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"
