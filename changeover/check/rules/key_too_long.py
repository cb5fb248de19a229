"""The rule `key-too-long`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import MappingRule
from changeover.keyset.key import Key
from changeover.types.base import Kind
from changeover.types.written import WrittenKind

LIMIT = 1024
"""Bytes of the ledger's columns for keys: with their neighbours they fit an InnoDB index of 3,072 bytes."""
UTF8 = 4
"""Bytes of a character at most."""


class KeyTooLong(MappingRule):
    """Some root's key is longer than the ledger can hold.

    The ledger knows rows by their keys, written as text, and has 1,024 bytes for one. Where the declared type allows
    more, the longest keys are looked for; that reads the key's index once.

    Instead: page by a shorter unique set of columns with `key=`.
    """

    name: ClassVar[str] = "key-too-long"
    severity: ClassVar[Severity] = "error"
    scans: ClassVar[bool] = True

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.key is None or case.schema is None or _longest(case.key) <= LIMIT:
            return
        root, family = case.mapping.root, case.schema.dialect.family
        text = case.key.encoded(root)
        size = (
            sa.func.octet_length(text)
            if family != "sqlite"
            else sa.func.length(sa.cast(text, sa.LargeBinary))
        )
        found = answer(
            case.schema, sa.select(sa.literal(1)).select_from(root.from_).where(size > LIMIT).limit(1)
        )
        if found is not None:
            yield self.find(
                case,
                f"some rows have a key ({', '.join(c.name for c in case.key.columns)}) of more than {LIMIT} bytes",
                "name a shorter unique set of columns with key=",
                table=case.old_table(),
            )


def _longest(key: Key) -> float:
    # Separators, and those that a value holds, are escaped by a second character: that at most doubles a part.
    escaped = 1 if len(key.columns) == 1 else 2
    return sum(_width(c.kind) * escaped + 1 for c in key.columns) - 1


def _width(kind: Kind) -> float:
    width = kind.width if isinstance(kind, WrittenKind) else None
    sort = getattr(kind, "sort", "")
    return float("inf") if width is None else width * (UTF8 if sort in ("text", "enum", "unknown") else 1)
