"""What a declaration was given: it is written by hand, and nobody has to run a type checker over it."""

from __future__ import annotations


def is_a(value: object, *kinds: type) -> bool:
    """Whether the value is of one of the kinds; a class itself is no value, nor is a truth value a number."""
    return isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)


def are(values: object, kind: type) -> bool:
    """Whether they are a tuple or list of values of the kind."""
    return isinstance(values, (tuple, list)) and all(is_a(value, kind) for value in values)


def is_number(value: object, least: int, most: int | None = None) -> bool:
    """Whether the value is a whole number from ``least`` to ``most``."""
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and least <= value
        and (most is None or value <= most)
    )
