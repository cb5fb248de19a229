"""The rule `key-without-index`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, cast

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.dialects import TableName


class KeyWithoutIndex(MappingRule):
    """No index has the columns of `key=` in this order.

    The old database would read and sort the whole table for every page. A unique index of the first columns is enough:
    those after it change nothing.

    Instead: name the columns in the order of the index, or create one.
    """

    name: ClassVar[str] = "key-without-index"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        names, root = case.mapping.key, case.root
        if (
            root is None
            or case.schema is None
            or not names
            or any(root.column(name) is None for name in names)
        ):
            return
        unique = [key for key in (root.primary_key, *root.uniques) if key]
        if any(names[: len(key)] == key for key in unique):
            return
        if not any(names == index[: len(names)] for index in _indexes(case.schema.engine, root.table)):
            yield self.find(
                case,
                f"no index begins with the columns of key= in this order ({', '.join(names)})",
                f"create one, or name the columns of an index in its order; unique are: "
                f"{'; '.join(map(', '.join, unique))}",
                table=case.old_table(),
            )


def _indexes(engine: sa.Engine, table: TableName) -> list[tuple[str, ...]]:
    found = cast("list[dict[str, Any]]", sa.inspect(engine).get_indexes(table.name, schema=table.schema))
    return [tuple(index["column_names"]) for index in found if all(index["column_names"])]
