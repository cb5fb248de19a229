"""Paging: the last page of a table against its first. A page costs the same wherever it lies, or a copy slows down as it goes."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from bench import fill, mappings
from bench.figure import Figure, Taken, in_turns, seconds
from bench.site import Database, Site, engine, project
from bench.tables import coupon_by_code, coupon_by_member
from changeover.binding import Bound
from changeover.dialects import Dialect
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import last_key, page_end
from changeover.transfer.chunk import Span
from changeover.transfer.reading import read

ROWS = 1_000
"""Of a page: few enough that finding its start would show."""

ROUNDS = 101
AT_MOST = 1.1

_EXTRA = (coupon_by_member, coupon_by_code)
_TABLES = {"an integer": "tb_coupon", "two integers": coupon_by_member.name, "text": coupon_by_code.name}


def paging(site: Site, kind: Database) -> list[Figure]:
    """First and last page under each sort of key, found and read as the engine does it.

    The first begins after the first key, so that both are asked for by the same statement.
    """
    url = site.old(kind)
    with engine(url) as made:
        for extra in _EXTRA:
            fill.copy(made, extra)
        with site.new(kind) as new:
            figures = [
                figure for key, table in _TABLES.items() for figure in _pages(url, new, kind, key, table)
            ]
        for extra in _EXTRA:
            extra.drop(made)
    return figures


def _pages(url: str, new: str, kind: Database, key: str, table: str) -> list[Figure]:
    registry = mappings.under_another_key(table)
    with project(url, new, registry) as opened:
        bound = opened.move(registry.mappings[-1].root_name).bounds[0]
        schema = opened.old["shop"]
        with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            root, key_ = bound.mapping.root, bound.key
            begin = page_end(connection, schema.dialect, root, key_, None, None, 1)
            start, end = _before_last(connection, bound), last_key(connection, bound.dialect, root, key_)
            pages = {
                "first": _page(connection, schema.dialect, bound, begin, end),
                "last": _page(connection, schema.dialect, bound, start, end),
            }
            taken = {name: took.seconds for name, took in in_turns(pages, ROUNDS).items()}
    name = f"{kind}, key is {key}"
    return [
        Figure("paging", f"{name}: first page of {ROWS}", taken["first"] * 1000, "ms"),
        Figure("paging", f"{name}: last page of {ROWS}", taken["last"] * 1000, "ms"),
        Figure("paging", f"{name}: last / first", taken["last"] / taken["first"], "", "at most", AT_MOST),
    ]


def _page(
    connection: sa.Connection, dialect: Dialect, bound: Bound, after: KeyValues | None, end: KeyValues | None
) -> Callable[[], Taken]:
    def work() -> None:
        upper = page_end(connection, dialect, bound.mapping.root, bound.key, after, end, ROWS)
        if upper is None or read(connection, bound, Span(after, upper))[0].rows != ROWS:
            raise RuntimeError("the page is not full")

    return lambda: Taken(seconds(work))


def _before_last(connection: sa.Connection, bound: Bound) -> KeyValues:
    """The key after which exactly a page is left."""
    root, key = bound.mapping.root, bound.key
    statement = (
        sa.select(*key.texts(root)).select_from(root.from_).order_by(*(c.desc() for c in key.of(root)))
    )
    found = connection.execute(statement.limit(1).offset(ROWS)).one()
    return tuple(value.decode() if isinstance(value, bytes) else str(value) for value in found)
