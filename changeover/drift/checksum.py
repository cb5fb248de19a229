"""The statements of checksums: of a span's rows, of equal parts of it, and of each row. Nothing here runs one.

A checksum is the exact sum of the rows' digests, with their number: it asks for no order, and a swap shows in it. A row that a
server can't make a text of (it is larger than a packet) has no digest; it adds what the other side never adds, so that the span is
looked at row by row. A single value of that size looks like NULL, on both sides: `Dialect.has_too_large` is asked after each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Null

from changeover.binding import Bound
from changeover.dialects import Dialect
from changeover.dialects.base import Shown
from changeover.drift.fields import Field, Fields
from changeover.transfer.chunk import Span
from changeover.transfer.reading import where
from changeover.transfer.remove import linked_span, span
from changeover.types.written import Composed, hole

Asked = sa.Executable
"""A statement over the old database."""

_UNDIGESTED = {"old": "1", "new": "2"}
PIECES = 16
"""Of a span that is summed up, by one statement: where one differs, the others need not be read again."""
PARTS = 64
"""Of a piece that differs: of 100,000 rows, some 100 are then looked at one by one."""


@dataclass(frozen=True)
class Parts:
    """A span of whole numbers in parts that are equally wide."""

    span: Span
    lower: int
    width: int

    def part(self, number: int) -> Span:
        """One of them."""
        upper = min(self.lower + (number + 1) * self.width, int(self.span.upper[0]))
        return Span((str(self.lower + number * self.width),), (str(upper),))


def parts(bound: Bound, whole: Span) -> Parts | None:
    """The span in `PARTS` parts, where its keys allow for that."""
    return _cut(bound, whole, PARTS)


def pieces(bound: Bound, whole: Span) -> list[Span]:
    """The span in up to `PIECES`, where its keys allow for that."""
    cut = _cut(bound, whole, PIECES)
    if cut is None or whole.lower is None:
        return [whole]
    count = -(-(int(whole.upper[0]) - cut.lower) // cut.width)
    return [cut.part(number) for number in range(count)]


def _cut(bound: Bound, whole: Span, count: int) -> Parts | None:
    if not bound.key.is_number or whole.lower is None:
        return None
    lower, upper = int(whole.lower[0]), int(whole.upper[0])
    return Parts(whole, lower, -(-(upper - lower) // count))


def old_sums(
    source: sa.Connection, old: Dialect, bound: Bound, made: Fields, function: str, spans: Sequence[Span]
) -> Asked:
    """How many rows the old side says each span has, and the sum of their digests, with the span's place before them."""
    total = Composed(old.digest_sum(_old_digest(old, made, function)), _values(made))
    summed = (sa.func.count().label("c"), total.label("s"))
    # Of all spans alike, and made once: to make a statement costs the program more than to send it.
    rows = bound.select(sa.true()).order_by(None).with_only_columns(*summed)
    selects = [
        rows.with_only_columns(sa.literal_column(str(place)).label("n"), *summed).where(
            where(source, bound.key, bound, span)
        )
        for place, span in enumerate(spans)
    ]
    return selects[0] if len(selects) == 1 else sa.union_all(*selects)


def new_sums(bound: Bound, made: Fields, function: str, spans: Sequence[Span]) -> str:
    """How many rows the new side has of each span, and the sum of their digests, with the span's place before them."""
    total = bound.dialect.digest_sum(_new_digest(bound, made, function))
    return " UNION ALL ".join(
        f"SELECT {place}, COUNT(*), {total} {_new(bound, made, span)}" for place, span in enumerate(spans)
    )


def old_parts(
    source: sa.Connection, old: Dialect, bound: Bound, made: Fields, function: str, cut: Parts
) -> Asked:
    """`old_sums` by part, with the part's number before them."""
    (key,) = bound.key.of(bound.mapping.root)
    part = Composed(old.bucket(hole(0), str(cut.lower), str(cut.width)), [key])
    total = Composed(old.digest_sum(_old_digest(old, made, function)), _values(made))
    statement = _old(source, bound, cut.span).with_only_columns(part.label("part"), sa.func.count(), total)
    return statement.group_by(sa.literal_column("1"))


def new_parts(bound: Bound, made: Fields, function: str, cut: Parts) -> str:
    """`new_sums` by part, with the part's number before them."""
    part = bound.dialect.bucket(_number(bound), str(cut.lower), str(cut.width))
    total = bound.dialect.digest_sum(_new_digest(bound, made, function))
    return f"SELECT {part}, COUNT(*), {total} {_new(bound, made, cut.span)} GROUP BY 1"


def old_rows(
    source: sa.Connection, old: Dialect, bound: Bound, made: Fields, function: str, whole: Span
) -> Asked:
    """Each row's encoded key and its digest."""
    each = Composed(_old_digest(old, made, function), _values(made))
    return _old(source, bound, whole).with_only_columns(bound.read_fields[0].label("k"), each)


def new_rows(bound: Bound, made: Fields, function: str, whole: Span) -> str:
    """Each row's encoded key and its digest."""
    return f"SELECT {_key(bound)}, {_new_digest(bound, made, function)} {_new(bound, made, whole)}"


def _old(source: sa.Connection, bound: Bound, whole: Span) -> sa.Select[Any]:
    return bound.select(where(source, bound.key, bound, whole)).order_by(None)


def _values(made: Fields) -> list[sa.ColumnElement[Any]]:
    return [field.old for field in made.fields]


def _old_digest(old: Dialect, made: Fields, function: str) -> str:
    texts = [_old_shown(field, place) for place, field in enumerate(made.fields)]
    return f"COALESCE({old.digest(old.row_text(texts, function), function)}, {_UNDIGESTED['old']})"


def _old_shown(field: Field, place: int) -> Shown:
    # NULL by itself is of no character set, and can't be measured or collated.
    if isinstance(field.old, Null):
        return field.shown("NULLIF('', '')")
    return field.shown(hole(place))


def _new_digest(bound: Bound, made: Fields, function: str) -> str:
    texts = [field.shown(field.new) for field in made.fields]
    text = bound.dialect.row_text(texts, function)
    return f"COALESCE({bound.dialect.digest(text, function)}, {_UNDIGESTED['new']})"


def _new(bound: Bound, made: Fields, whole: Span) -> str:
    """The target rows of a span's roots, with all that shows them."""
    table = bound.dialect.table(bound.new.table)
    if bound.identity == "direct":
        return f"FROM {table} AS t {made.joins} WHERE {span(bound, whole)}"
    key = bound.dialect.quote(bound.identity_columns[0])
    return (
        f"FROM changeover_id_map AS i {bound.dialect.then_join} {table} AS t ON t.{key} = i.target_id "
        f"{made.joins} WHERE {linked_span(bound, whole)}"
    )


def _number(bound: Bound) -> str:
    if bound.identity == "assigned":
        return "i.root_number"
    return f"(t.{bound.dialect.quote(bound.identity_columns[0])} - ({bound.offset}))"


def _key(bound: Bound) -> str:
    if bound.identity == "assigned":
        return "i.root_key"
    texts = [
        bound.dialect.as_text(f"t.{bound.dialect.quote(name)} - ({bound.offset})")
        for name in bound.identity_columns
    ]
    if len(texts) == 1:
        return texts[0]
    return bound.dialect.concat([part for text in texts for part in ("'|'", text)][1:])
