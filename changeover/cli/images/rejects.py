"""``changeover images rejects``: rows that keep their old URL, since its image was rejected."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
import typer

from changeover.cli import options, output
from changeover.cli.opening import open_ledger, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.ledger.image_status import RejectedRow, rejected_rows, rows_waiting

SHOWN = 50
PAGE = 1_000

Urls = Annotated[
    bool, typer.Option("--urls", help="Also the old URLs. They are users' data: mind where they go.")
]


def rejects(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    urls: Urls = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = SHOWN,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """List rows that keep an old URL since its image was rejected, with table, key, column and reason.

    Mend the image at its origin, or allow it in the mapping, then `changeover images run --rejected`. Exits with 1 when there
    are any.
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    names = {mapping.name for mapping in chosen.mappings}
    with open_ledger() as ledger, ledger.reading() as connection:
        there = sum(one.rejected for one in rows_waiting(connection) if one.mapping in names)
        found = _found(connection, names, limit)
    code = Code.FINDINGS if there else Code.OK
    if json:
        shown = [_shape(one, urls=urls) for one in found]
        output.document({"command": "images rejects", "ok": code is Code.OK, "rows": there, "rejects": shown})
    else:
        _show(found, there, urls=urls)
    end(code)


def _found(connection: sa.Connection, names: set[str], limit: int) -> list[RejectedRow]:
    found: list[RejectedRow] = []
    after = None
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        page = rejected_rows(connection, mappings=names, after=after, limit=size)
        found += [row for _, row in page]
        if len(page) < size:
            break
        after = page[-1][0]
    return found


def _shape(one: RejectedRow, *, urls: bool) -> dict[str, Any]:
    shown = dict(vars(one))
    if not urls:
        del shown["url"]
    return shown


def _show(found: list[RejectedRow], there: int, *, urls: bool) -> None:
    if not there:
        output.answer("no row keeps its old URL for a rejected image")
        return
    columns = ["table", "key", "column", "images", "reason", "detail", *(["url"] if urls else [])]
    rows = [
        (r.target, r.root_key, r.column, r.image_set, r.reason, r.detail, *([r.url] if urls else []))
        for r in found
    ]
    output.table("", columns, rows)
    output.answer(f"{output.number(there, 'row')} keep an old URL")
    output.answer("mend the images or the mapping, then `changeover images run --rejected`")
