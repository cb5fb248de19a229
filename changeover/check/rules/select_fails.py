"""The rule `select-fails`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import FOLDS, complaint
from changeover.check.rule import MappingRule
from changeover.mapping.references import Use, uses
from changeover.types.unknown import Unknown

# Unlike false(), which swallows the conditions it is combined with, this reaches the database together with them.
NO_ROW: sa.ColumnElement[bool] = sa.literal_column("1") == sa.literal_column("0")
REMEDY = "write an expression that this database and its version know"


class SelectFails(MappingRule):
    """The old database refuses an expression of the mapping, or would make one row of many.

    Each expression is handed to the old database in a SELECT that returns no row: unknown functions, wrong types of
    arguments and what the database's version doesn't know are found, errors that only some row's value causes are not.
    The message is the server's own. An expression that gets a row all the same is an aggregate: it would make one row
    of a whole chunk, and the other rows would be lost.

    Instead: write the expression for this database, compute the column with `python()`, or put an aggregate into a
    subquery.
    """

    name: ClassVar[str] = "select-fails"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        every = list(uses(case.mapping))
        sound = [use for use in every if case.is_sound(use)]
        joins = [use for use in every if use.what.startswith("the join")]
        if case.schema is None or case.root is None or not all(use in sound for use in joins):
            return
        tried = [use for use in sound if use not in joins]
        if _complaint(case, _select(case, tried)) is None:
            yield from self._whole(case) if sound == every else ()
            return
        why = _complaint(case, _select(case, []))
        if why is not None:
            yield self._wrong(case, "the joins", why)
            return
        for use in tried:
            why = _complaint(case, _select(case, [use]))
            if why is not None:
                yield self._wrong(case, use.what, why, use.column)

    def _whole(self, case: Case) -> Iterator[Finding]:
        why = _complaint(case, case.bound.select(NO_ROW)) if isinstance(case.bound, Bound) else None
        if why is not None:
            yield self._wrong(case, "the SELECT that reads a chunk", why)

    def _wrong(self, case: Case, what: str, why: str, column: str | None = None) -> Finding:
        folds = why == FOLDS
        message = f"{what} can't be read: {why}" if folds else f"the old database refuses {what}: {why}"
        remedy = (
            "put the aggregate into a subquery (select(…).where(…).scalar_subquery())" if folds else REMEDY
        )
        return self.find(case, message, remedy, table=None if column else case.old_table(), column=column)


def _complaint(case: Case, select: sa.Select[Any]) -> str | None:
    assert case.schema is not None
    try:
        return complaint(case.schema, select)
    except NotImplementedError:
        return None  # a zone's name on SQLite: `unknown-zone` reports it


def _select(case: Case, tried: Sequence[Use]) -> sa.Select[Any]:
    """The expressions as text, like all that is read: a chunk's reader takes nothing else."""
    assert case.schema is not None
    source: sa.FromClause = case.mapping.root.from_
    for join in case.mapping.joins:
        source = source.join(join.table.from_, join.on, isouter=join.outer)
    values: list[Any] = [use.value for use in tried if use.what != "where="]
    conditions: list[Any] = [use.value for use in tried if use.what == "where="]
    texts = [Unknown().text(value, case.schema.dialect.family, Unknown()) for value in values]
    fields = [text.label(f"v{place}") for place, text in enumerate(texts)] or [
        sa.literal_column("'1'").label("v")
    ]
    return sa.select(*fields).select_from(source).where(NO_ROW, *conditions)
