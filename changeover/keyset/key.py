"""A root's key: which columns make it, its canonical text, and how the text becomes a bound of an index range again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from changeover.errors import MappingError, NoUsableKey
from changeover.keyset.listed import Listed, place
from changeover.keyset.spelling import bytes_of, is_odd, unspell
from changeover.mapping import Mapping, OldTable
from changeover.schema import ColumnShape, TableShape
from changeover.types.base import Family, Kind
from changeover.types.binary import Binary
from changeover.types.compared import compared
from changeover.types.decimal import Decimal as DecimalKind
from changeover.types.float import Float
from changeover.types.integer import Integer
from changeover.types.moment import Moment
from changeover.types.text import Text
from changeover.types.time import Time
from changeover.types.year import Year

_ESCAPED = re.compile(r"~[~!]")

KeyValues = tuple[str, ...]
"""Canonical texts, one for each key column."""


@dataclass(frozen=True)
class KeyColumn:
    """A column of a key. ``raw``: its values are written as they are stored, not as their type's canonical text.

    So it is with SQLite's dates and times. They are text that any application spells as it likes, SQLAlchemy with six digits of
    a second: what leads back to an index entry is that text alone.
    """

    name: str
    kind: Kind
    type: sa.types.TypeEngine[Any]
    raw: bool = False
    charset: str | None = None
    collation: str | None = None
    """MySQL's, of a text column."""


@dataclass(frozen=True)
class Key:
    """The columns a root is paged by, in their order."""

    columns: tuple[KeyColumn, ...]
    family: Family

    @property
    def is_number(self) -> bool:
        """One integer that every database orders alike."""
        return len(self.columns) == 1 and isinstance(self.columns[0].kind, Integer)

    @property
    def is_numbers(self) -> bool:
        """Integers only: every database orders them alike."""
        return all(isinstance(c.kind, Integer) for c in self.columns)

    def of(self, root: OldTable) -> list[sa.ColumnElement[Any]]:
        """The key's columns in a statement."""
        return [root[c.name] for c in self.columns]

    def texts(self, root: OldTable) -> list[sa.ColumnElement[Any]]:
        """The key's canonical texts in a statement."""
        return [c.kind.text(root[c.name], self.family, c.kind) for c in self.columns]

    def encoded(self, root: OldTable) -> sa.ColumnElement[Any]:
        """The key as one text: itself if it is one column, else its parts joined by ``|``, which they escape."""
        return self.join(self.texts(root), self.family)

    def spelled(
        self, kinds: Sequence[Kind], values: Sequence[sa.ColumnElement[Any]], family: Family
    ) -> list[Any]:
        """The texts by which ``values``, of ``kinds``, are looked for among the keys' own, in a statement of ``family``."""
        return [
            (c.kind if c.raw and family == self.family else kind).text(value, family, c.kind)
            for kind, value, c in zip(kinds, values, self.columns, strict=True)
        ]

    def join(self, parts: Sequence[sa.ColumnElement[Any]], family: Family) -> sa.ColumnElement[Any]:
        """Canonical texts of the key's columns as one encoded key, in a statement of ``family``; NULL if one is NULL."""
        if len(parts) == 1:
            return parts[0]
        bar = sa.literal_column("'|'")
        escaped = [
            part if isinstance(c.kind, Integer) else _escaped(part)
            for part, c in zip(parts, self.columns, strict=True)
        ]
        pieces = [piece for part in escaped for piece in (bar, part)][1:]
        if family == "mysql":
            return sa.func.concat(*pieces)
        joined: Any = pieces[0]
        for piece in pieces[1:]:
            joined = joined.op("||")(piece)
        return joined

    def decode(self, encoded: str) -> KeyValues:
        """The parts of an encoded key. Raises ValueError when it has not as many as the key has columns."""
        encoded = unspell(encoded)
        if len(self.columns) == 1:
            return (encoded,)
        parts = split(encoded)
        if len(parts) != len(self.columns):
            raise ValueError(f"a key of {len(self.columns)} columns was expected")
        return parts

    def literals(self, values: KeyValues) -> list[sa.ColumnElement[Any]]:
        """The values as bound parameters of their columns' types, so that indexes are used and collations apply."""
        return [self._literal(c, value) for c, value in zip(self.columns, values, strict=True)]

    def _value(self, column: KeyColumn, text: str) -> Any:
        try:
            return self._parsed(column, text)
        except ValueError:
            # The text is a row's, and not repeated.
            raise NoUsableKey(
                f"key column {column.name}: some row's key is no {column.kind.name}, and can't be paged by; mend the row, or "
                "name another unique set of columns with key="
            ) from None

    def _parsed(self, column: KeyColumn, text: str) -> Any:
        if isinstance(column.kind, Integer):
            return int(text)
        if isinstance(column.kind, DecimalKind):
            return _sqlite_number(text) if self.family == "sqlite" else Decimal(text)
        if isinstance(column.kind, Float):
            return float(text)
        if isinstance(column.kind, Year):
            return text.zfill(4)  # MySQL takes '0' for 2000
        return bytes.fromhex(text) if isinstance(column.kind, Binary) else text

    def _literal(self, column: KeyColumn, text: str) -> sa.ColumnElement[Any]:
        value = self._value(column, text)
        if isinstance(value, str) and is_odd(value):
            return sa.cast(sa.literal(bytes_of(value), sa.LargeBinary()), sa.Text())
        if self.family == "postgresql":
            return sa.cast(
                sa.literal(text if not isinstance(value, bytes) else value, _plain(value)), column.type
            )
        return sa.literal(value, _plain(value))

    def is_one_of(self, root: OldTable, keys: Sequence[KeyValues]) -> sa.ColumnElement[bool]:
        """The root's key is among ``keys``."""
        columns = self.of(root)
        if not keys:
            return sa.false()
        if self.family == "mysql" and len(columns) > 1:
            return sa.tuple_(*columns).op("IN")(self._listed(keys))
        rows = [self.literals(key) for key in keys]
        if len(columns) == 1:
            return columns[0].in_([row[0] for row in rows])
        if self.family == "sqlite":
            # Written as IN (VALUES …): SQLite takes no list of rows, and hundreds of ORs are deep for it.
            odd = [row for row, key in zip(rows, keys, strict=True) if any(map(is_odd, key))]
            values = [
                tuple(self._value(c, v) for c, v in zip(self.columns, key, strict=True))
                for key in keys
                if not any(map(is_odd, key))
            ]
            same = [sa.and_(*(c == v for c, v in zip(columns, row, strict=True))) for row in odd]
            return sa.or_(sa.tuple_(*columns).in_(values), *same)
        return sa.tuple_(*columns).in_([sa.tuple_(*row) for row in rows])

    def _listed(self, keys: Sequence[KeyValues]) -> sa.ColumnElement[Any]:
        """The keys as a table. Its texts are of no character set that the columns could be: each is made its column's."""
        shown = [
            place(n)
            if isinstance(c.kind, Integer)
            else compared(c.kind, place(n), self.family, c.charset, c.collation)
            for n, c in enumerate(self.columns)
        ]
        values = [
            sa.literal_column(str(int(text))) if isinstance(c.kind, Integer) else sa.literal(text, sa.Text())
            for key in keys
            for c, text in zip(self.columns, key, strict=True)
        ]
        return Listed(shown, values)


def split(encoded: str) -> KeyValues:
    """The parts of an encoded key of several columns."""
    return tuple(
        _ESCAPED.sub(lambda found: "|" if found[0] == "~!" else "~", part) for part in encoded.split("|")
    )


def dump(values: KeyValues | None) -> str | None:
    """A key for the ledger."""
    return None if values is None else json.dumps(list(values), ensure_ascii=any(map(is_odd, values)))


def restore(text: str | None) -> KeyValues | None:
    """A key from the ledger."""
    return None if text is None else tuple(json.loads(text))


def choose(mapping: Mapping, shape: TableShape, family: Family) -> Key:
    """The key to page by: the mapping's, else the primary key, else a unique index without NULLs.

    Raises: NoUsableKey when there is none, or the mapping's is not unique; MappingError when it names an unknown column.
    """
    names = mapping.key or (shape.keys[0] if shape.keys else ())
    where = f"mapping {mapping.name}, table {mapping.root_name}"
    if not names:
        nullable = ", ".join("(" + ", ".join(u) + ")" for u in shape.uniques)
        hint = f"; the unique index over {nullable} can hold NULL" if nullable else ""
        raise NoUsableKey(
            f"{where}: there is no primary key and no unique index without NULLs to page by{hint}. Give the old table one "
            "(ALTER TABLE … ADD UNIQUE), or name a unique set of columns with key=(…)"
        )
    if mapping.key and not any(set(key) <= set(names) for key in shape.keys):
        raise NoUsableKey(
            f"{where}: key=({', '.join(names)}) is not covered by a unique index without NULLs, so rows could be missed"
        )
    return Key(tuple(_column(where, shape, name, family) for name in names), family)


def _column(where: str, shape: TableShape, name: str, family: Family) -> KeyColumn:
    column: ColumnShape | None = shape.column(name)
    if column is None:
        raise MappingError(
            f"{where}: key column {name} does not exist; there are: {', '.join(c.name for c in shape.columns)}"
        )
    if column.kind is None:
        raise NoUsableKey(
            f"{where}, column {name}: a key of this type can't be paged by: {column.unsupported}"
        )
    if family == "sqlite" and isinstance(column.kind, (Moment, Time)):
        return KeyColumn(name, Text(), column.type, raw=True)
    return KeyColumn(name, column.kind, column.type, charset=column.charset, collation=column.collation)


def _escaped(part: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    tilde = sa.func.replace(part, sa.literal_column("'~'"), sa.literal_column("'~~'"))
    return sa.func.replace(tilde, sa.literal_column("'|'"), sa.literal_column("'~!'"))


def _sqlite_number(text: str) -> int | float:
    """The number as SQLite stores it: whole numbers of up to 64 bits are no doubles."""
    whole = int(text) if text.lstrip("-").isdecimal() else None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else float(text)


def _plain(value: Any) -> sa.types.TypeEngine[Any]:
    for python, generic in (
        (bool, sa.Boolean()),
        (int, sa.BigInteger()),
        (Decimal, sa.Numeric()),
        (float, sa.Double()),
        (bytes, sa.LargeBinary()),
    ):
        if isinstance(value, python):
            return generic
    return sa.Text()
