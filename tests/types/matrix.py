"""The matrix of types as a page: `python -m tests.types.matrix > docs/reference/type-matrix.md`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from changeover.types.base import Family, Fit
from demo.servers import MariaDB, PostgreSQL
from tests.types.rig import SampleColumn, Side

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "type-matrix.md"

TITLES: dict[Family, str] = {"mysql": "MariaDB and MySQL", "postgresql": "PostgreSQL", "sqlite": "SQLite"}

COLUMNS = {Fit.EXACT: "every value", Fit.CHECKED: "value by value", Fit.NARROWS: "with `narrow(...)` only"}

INTRODUCTION = """\
<!-- Made by `python -m tests.types.matrix`; a test fails when it is out of date. -->
# Which type fits which

Each column type on the left was filled with values at its edges (the largest and smallest numbers, the last
microsecond, zero dates, all 256 bytes, emoji, trailing spaces, NaN, text in SQLite's integer columns) and moved into
each column type on the right, on real servers. Every value arrived unchanged or was rejected with a reason; none was
rounded, cut, shifted or respelled without notice.

- **every value**: whatever the old column holds fits.
- **value by value**: most columns' values fit; a value that does not is rejected, and the rest of the rows goes on.
- **with `narrow(...)` only**: the new column is visibly smaller. The mapping has to say that this is meant; values that
  do not fit are then rejected.
- A pair that is not listed is refused: its values would change without notice, or mean nothing. `changeover check`
  says why, and which expression says what you mean.

SQLite's columns take values of any type: text in an INTEGER column is rejected wherever a number is expected. A type
name that SQLite does not know (`STRING`, `UUID`) makes a column numeric there, and it is treated as SQLite treats it.

PostgreSQL's `numeric` without a precision remembers zeros at the end of a number (1.10), which is the same number without them
and arrives so (1.1).
"""


def page(sides: Sequence[Side]) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(section(old, new) for old in sides for new in sides)])


def section(old: Side, new: Side) -> str:
    """One pair of databases."""
    lines = [
        f"## From {TITLES[old.family]} to {TITLES[new.family]}",
        "",
        f"{tried(old, new):,} values were tried.",
        "",
        f"| from | {' | '.join(COLUMNS.values())} |",
        "| --- | --- | --- | --- |",
        *(_row(source, new) for source in old.columns),
        "",
    ]
    return "\n".join(lines)


def tried(old: Side, new: Side) -> int:
    """How many values are moved for the pair of databases."""
    return sum(
        len(source.sample.values) + len(source.sample.dirt)
        for source in old.columns
        for target in new.columns
        if target.kind.accepts(source.kind).fit is not Fit.REFUSED
    )


def _row(source: SampleColumn, new: Side) -> str:
    fits = {target: target.kind.accepts(source.kind).fit for target in new.columns}
    cells = [", ".join(_code(target) for target, fit in fits.items() if fit is column) for column in COLUMNS]
    return f"| {_code(source)} | {' | '.join(cell or '—' for cell in cells)} |"


def _code(column: SampleColumn) -> str:
    return f"`{column.sample.ddl}`"


def main() -> None:
    """Start the servers, make the samples, print the page."""
    with MariaDB() as mariadb, PostgreSQL() as postgres, tempfile.TemporaryDirectory() as folder:
        sides = [
            Side("mysql", mariadb.create_database("matrix")),
            Side("postgresql", postgres.create_database("matrix")),
            Side("sqlite", f"sqlite:///{folder}/matrix.db"),
        ]
        for side in sides:
            side.build()
        sys.stdout.write(page(sides))


if __name__ == "__main__":
    main()
