"""A foreign key: the parent's key on the new side, found as a set through the id map or a natural key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.mapping.expressions import expression
from changeover.mapping.given import are, is_a


@dataclass(frozen=True, eq=False)
class Lookup:
    """The key of a row of ``parent`` (a target table).

    Without ``by``, ``value`` is the key of the parent's root, and ``mapping`` names the parent's mapping (needed when
    several feed it). With ``by``, ``value`` is compared with these columns of the parent.
    """

    parent: str
    values: tuple[sa.ColumnElement[Any], ...]
    by: tuple[str, ...] = ()
    mapping: str | None = None
    returns: str | None = None
    later: bool = False

    def __post_init__(self) -> None:
        what = f"lookup({self.parent!r})"
        for name, value in (("parent", self.parent), ("mapping", self.mapping), ("returns", self.returns)):
            if not is_a(value, str) and (value is not None or name == "parent"):
                raise TypeError(f"{what}: {name} is {value!r}; expected a name")
        if not is_a(self.later, bool):
            raise TypeError(f"{what}: later={self.later!r}; expected True or False")
        if not are(self.by, str):
            raise TypeError(f"{what}: by={self.by!r}; expected names of the parent's columns")
        object.__setattr__(self, "values", tuple(expression(what, value) for value in self.values))


def lookup(
    parent: str,
    *values: sa.ColumnElement[Any],
    by: str | tuple[str, ...] = (),
    mapping: str | None = None,
    returns: str | None = None,
    later: bool = False,
) -> Lookup:
    """The new key of the ``parent`` row that ``values`` lead to; NULL leads to NULL.

    ``lookup("member", order.member_no)`` takes the key of the parent's old row through the id map (or by its ids rule, when
    ids are kept); ``lookup("category", product.cate_cd, by="code")`` finds the row by its natural key, which must be unique.
    Values may be text that some rows hold in another spelling: what equals what is decided by the new database's collation.

    Parameters: ``mapping`` names the parent's mapping where several feed it; ``returns`` the parent's column to take (its
    primary key); ``later`` lets the parent come after its child, as one of two tables that lead to each other must.
    A row whose parent isn't there is kept as a reject of the kind *waiting* and tried again; it is never NULLed. With ``later``
    it is written with NULL meanwhile, and waits all the same.
    """
    if not values:
        raise ValueError(f"lookup({parent!r}): name the old column that leads to the parent")
    names = (by,) if isinstance(by, str) else tuple(by)
    if names and len(names) != len(values):
        raise ValueError(f"lookup({parent!r}): {len(values)} values for {len(names)} columns in by=")
    return Lookup(parent, values, names, mapping, returns, later)
