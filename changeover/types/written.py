"""What all kinds share: one SQL template for reading and comparing, so that both always write a value the same way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

from changeover.types.base import Family, Kind, Verdict
from changeover.types.verdicts import EXACT, checked, refused

HOLE = "\ufffc"
"""Stands for the value in a template of ``Written``: a character that no SQL of ours holds otherwise."""

MARK = "\ufdd0"
"""The first character of a text that no column may take: what follows could not be read as its column's kind.

It is a Unicode noncharacter, reserved for a program's internal use, and three bytes long in UTF-8.
"""

LONGEST = 1000
"""More characters than any number, date, time or UUID of MySQL has."""

SHORT = 8_192
"""The most characters of a text that is handled like a name. Beyond it, what takes quadratic time shows."""

LONG = sa.Text(2**32 - 1)
"""The SQL type of an expression whose text may be longer than that."""


class PlainText(sa.Text):
    """The SQL type of an expression whose text has no backslash, tab or line end: a number, a time, bytes in hexadecimal."""


def is_long(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether an expression of the SQL type may be a text of more than `SHORT` characters."""
    return getattr(kind, "length", None) == LONG.length


MARK_SQL: dict[Family, str] = {
    "mysql": "_utf8mb4 X'EFB790'",
    "postgresql": "chr(64976)",
    "sqlite": "char(64976)",
}


class Written(FunctionElement[str]):
    """An SQL template with one value in it, usable wherever a column is."""

    inherit_cache = True
    type = sa.Text()
    _traverse_internals: ClassVar[Any] = [
        *FunctionElement._traverse_internals,
        ("template", InternalTraversal.dp_string),
    ]

    def __init__(self, template: str, value: sa.ColumnElement[Any]) -> None:
        self.template = template
        super().__init__(value)


@compiles(Written)
def _compile_written(element: Written, compiler: Any, **options: Any) -> str:
    (value,) = element.clauses
    inner = cast(str, compiler.process(value, **options))
    if not isinstance(value, sa.ColumnClause):
        inner = f"({inner})"
    return element.template.replace(HOLE, inner)


class Composed(FunctionElement[Any]):
    """An SQL template with several values in it: that of place n stands where ``hole(n)`` does, as often as it does."""

    inherit_cache = True
    type = sa.Text()
    _traverse_internals: ClassVar[Any] = [
        *FunctionElement._traverse_internals,
        ("template", InternalTraversal.dp_string),
    ]

    def __init__(self, template: str, values: Sequence[sa.ColumnElement[Any]]) -> None:
        self.template = template
        super().__init__(*values)


def hole(place: int) -> str:
    """Where the value of this place stands in a template of ``Composed``."""
    return f"{HOLE}{place}{HOLE}"


@compiles(Composed)
def _compile_composed(element: Composed, compiler: Any, **options: Any) -> str:
    made = element.template
    for place, value in enumerate(element.clauses):
        inner = cast(str, compiler.process(value, **options))
        made = made.replace(hole(place), inner if isinstance(value, sa.ColumnClause) else f"({inner})")
    return made


class WrittenKind(Kind):
    """A kind whose canonical text is one SQL expression over a value: the old database reads with it, the new compares.

    ``sort`` names the class of kinds in rules about other kinds ("text", "integer"), free of imports in circles.
    ``width`` is the most characters its canonical text has, None when there is no limit.
    ``unlike_text`` says why its values have no obvious text of their own, or is None.
    """

    sort: ClassVar[str]
    unlike_text: ClassVar[str | None] = None

    ascii: ClassVar[bool] = True
    """Whether its canonical text is ASCII."""

    plain: ClassVar[bool] = False
    """Whether MySQL's canonical text of it needs no escapes in a block."""

    @property
    def loose(self) -> bool:
        """Whether the column may well hold values of another kind, as SQLite's of unknown names do."""
        return False

    @property
    @abstractmethod
    def width(self) -> int | None:
        """The most characters the canonical text of a value has, or None for no limit."""

    @abstractmethod
    def written(self, value: str, family: Family) -> str:
        """SQL of the canonical text of the SQL expression ``value``, which may be repeated in it."""

    def adopted(self, text: str, source: Kind, family: Family) -> str:  # noqa: ARG002
        """SQL, run by the old database, that turns ``source``'s text into this kind's canonical text.

        Spellings that mean the same value become canonical; anything else stays as it is, to be rejected here.
        """
        return text

    def text(self, value: sa.ColumnElement[Any], family: Family, target: Kind) -> sa.ColumnElement[Any]:
        # What an expression makes a text of may be longer than MariaDB believes; a column's text never is.
        doubtful = (
            family == "mysql" and self.sort in ("text", "unknown") and not isinstance(value, sa.ColumnClause)
        )
        written = Written(self.read(mysql_roomy(HOLE) if doubtful else HOLE, family, target), value)
        # An expression's kind is what its author says; a column's is what the database holds it to.
        if self.plain and family == "mysql" and isinstance(value, sa.ColumnClause):
            written.type = PlainText()
        elif self.width is None or self.width > SHORT:
            written.type = LONG
        return written

    def read(self, value: str, family: Family, target: Kind) -> str:
        """``text`` on SQL strings."""
        written = self.written(value, family)
        return target.adopted(written, self, family) if isinstance(target, WrittenKind) else written

    def differs(self, stored: str, staged: str, family: Family) -> str:
        return different(self.read(stored, family, self), stored, staged, family)

    def shown(self, stored: str, family: Family) -> str:
        return self.read(stored, family, self)

    def accepts(self, source: Kind) -> Verdict:
        if source == self and not (isinstance(source, WrittenKind) and source.loose):
            return EXACT
        if isinstance(source, WrittenKind) and source.sort == "unknown":
            return self.accepts_unknown()
        verdict = self.judged(source)
        if verdict is None and isinstance(source, WrittenKind) and source.loose:
            return self.accepts_loose()
        if verdict == EXACT and isinstance(source, WrittenKind) and source.loose:
            return checked("SQLite keeps any value in the column: those that do not fit are rejected")
        return verdict or refused(
            f"{source.name} has no obvious meaning as {self.name}",
            "say what it means with an expression: cast(...) or a value map",
        )

    def accepts_unknown(self) -> Verdict:
        """How an expression of unknown type fits."""
        return checked("its type can't be told from the expression: values that do not fit are rejected")

    def accepts_loose(self) -> Verdict:
        """How a column fits that SQLite knows no type of, but the storage class of each value."""
        return self.accepts_unknown()

    @abstractmethod
    def judged(self, source: Kind) -> Verdict | None:
        """The verdict on a source of another kind or size, None when there is no rule for it."""


def different(canonical: str, stored: str, staged: str, family: Family) -> str:
    """SQL, never NULL: the text ``canonical``, made of ``stored``, is not byte for byte the text ``staged``."""
    if family == "mysql":
        # A cast beyond max_allowed_packet gives NULL: that must read as a difference, so NULL equals NULL only when
        # the columns themselves are NULL.
        same = f"CAST({canonical} AS BINARY) = CAST({staged} AS BINARY)"
        return f"NOT COALESCE({same}, {stored} IS NULL AND {staged} IS NULL)"
    if family == "postgresql":
        return f'({canonical}) COLLATE "C" IS DISTINCT FROM {staged}'
    return f"({canonical}) COLLATE BINARY IS NOT {staged}"


def unlike(stored: str, value: str, staged: str) -> str:
    """MySQL's SQL, never NULL: ``stored`` is not ``value``, which is made of ``staged``. A text that gives none differs."""
    return f"NOT COALESCE({stored} = {value}, {stored} IS NULL AND {staged} IS NULL)"


def mysql_text(value: str, length: int | None = None) -> str:
    """A number, date or the like as text in MySQL's full Unicode.

    MariaDB believes that no double is longer than 23 characters (some have 34), and no DECIMAL(4,4) longer than 6
    (-0.1234 is 7), and cuts them without a word wherever it keeps the text in a temporary table. ``length`` says better.
    """
    return f"CAST({value} AS CHAR{f'({length})' if length else ''} CHARACTER SET utf8mb4)"


HEXED = mysql_text(f"HEX({HOLE})")
"""MySQL's template of bytes as text."""


def unfilled(value: str) -> str:
    """MySQL's SQL of a ZEROFILL column's number. Only the column itself is written with zeros, not what is computed of it."""
    return f"({value} + 0)"


def mysql_roomy(value: str) -> str:
    """MySQL's SQL of the same text, with room for 16 characters more than MariaDB believes it to have."""
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE CONCAT_WS('{' ' * 16}', {value}, NULL) END"


def sqlite_text(value: str, real: str = "changeover_float_text") -> str:
    """Whatever an SQLite column holds, as text; bytes are marked, since they are nobody's. ``real`` writes reals."""
    return (
        f"CASE typeof({value}) WHEN 'blob' THEN {marked(f'hex({value})', 'sqlite')}"
        f" WHEN 'real' THEN {real}({value}) ELSE CAST({value} AS TEXT) END"
    )


def plain_text(value: str, family: Family) -> str:
    """The database's own text of a value that has only one: integers, dates, labels."""
    if family == "mysql":
        return mysql_text(value)
    if family == "postgresql":
        return f"CAST({value} AS text)"
    return sqlite_text(value)


def marked(text: str, family: Family) -> str:
    """SQL of ``text`` as one that no column takes."""
    if family == "mysql":
        return f"CONCAT({MARK_SQL[family]}, {text})"
    return f"{MARK_SQL[family]} || {text}"


def is_marked(text: str, family: Family) -> str:
    """SQL, never NULL: the text is marked as one that no column takes."""
    if family == "mysql":
        return f"COALESCE(CAST(LEFT({text}, 1) AS BINARY) = X'EFB790', FALSE)"
    if family == "postgresql":
        return f"COALESCE(left({text}, 1) = {MARK_SQL[family]}, false)"
    return f"COALESCE(substr({text}, 1, 1) = {MARK_SQL[family]}, 0)"


def trimmed(text: str, family: Family) -> str:
    """SQL of a number's or time's text that has a point, without the zeros at its end."""
    if family == "mysql":
        return f"TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM {text}))"
    return f"rtrim(rtrim({text}, '0'), '.')"


def matches(text: str, pattern: str, family: Family) -> str:
    """SQL: the whole text matches the regular expression, which holds no backslash, ends in no space, and is not empty.

    The engines of MySQL 5.7, MySQL 8 and MariaDB differ: two let ``$`` match before a line's end, hence the look at the
    last character; and two give up on long texts with an error, which no text that is meant ever is. SQLite has none.
    """
    if family == "mysql":
        last = f"ASCII(RIGHT({text}, 1)) BETWEEN 33 AND 126"
        return f"(CHAR_LENGTH({text}) <= {LONGEST} AND {last} AND {text} REGEXP '^({pattern})$')"
    if family == "postgresql":
        return f"{text} ~ '^({pattern})$'"
    raise ValueError("SQLite has no regular expressions")
