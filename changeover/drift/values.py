"""What both sides say in the columns that differ: values of rows, which are shown only where somebody asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.binding import Bound, Move
from changeover.ledger.drift import Finding
from changeover.project import Project
from changeover.transfer import sql
from changeover.transfer.chunk import Keys
from changeover.transfer.late import late
from changeover.transfer.looking import looking
from changeover.transfer.reading import read
from changeover.transfer.statements import rows
from changeover.transfer.unreadable import bad_text

LONGEST = 200
"""Characters shown of a value."""


@dataclass(frozen=True)
class SideBySide:
    """A column of a row: what it should be, as the old side has it now, and what it is. None is NULL."""

    key: str
    column: str
    expected: str | None
    found: str | None


def side_by_side(project: Project, move: Move, bound: Bound, findings: Sequence[Finding]) -> list[SideBySide]:
    """The values of some findings' columns, as canonical text. A foreign key is shown as what it is looked up by, and as the id."""
    wanted = {one.key: one.columns for one in findings if one.columns}
    names = sorted({name for columns in wanted.values() for name in columns})
    columns = [bound.column(name) for name in names]
    if not columns:
        return []
    shown = ", ".join(
        f"{c.text}, {c.kind.shown(f't.{bound.dialect.quote(c.name)}', bound.dialect.family)}" for c in columns
    )
    engine = project.old[move.database].engine
    with (
        looking(project, move.targets) as target,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source,
    ):
        block, _ = read(source, bound, Keys(tuple(wanted)))
        bad_text(target, bound, late(target, bound, block).block)
        found = rows(
            target,
            f"SELECT s.k, {shown} FROM {sql.source(bound)} JOIN {bound.dialect.table(bound.new.table)} AS t "
            f"ON {sql.identity(bound)}",
        )
    return [
        SideBySide(row[0], name, _cut(row[1 + 2 * place]), _cut(row[2 + 2 * place]))
        for row in found
        for place, name in enumerate(names)
        if name in wanted[row[0]]
    ]


def _cut(value: object) -> str | None:
    if value is None:
        return None
    text = value.decode(errors="replace") if isinstance(value, (bytes, bytearray)) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
