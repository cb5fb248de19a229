"""``changeover rejects``: rows that could not be moved, and another try for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from changeover.cli import options, output
from changeover.cli.help_text import paragraphs
from changeover.cli.opening import open_ledger, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.reject_export import Format, export_rejects
from changeover.cli.reject_pages import pages, shape, total
from changeover.cli.reject_selection import choose, orphan_named
from changeover.cli.status import orphan_hint
from changeover.cli.stopping import Stopping
from changeover.ledger.orphans import close as close_orphan
from changeover.ledger.rejects import RejectCause, RejectRow, causes
from changeover.transfer import reapply

SHOWN = 50
"""Rejects that are listed unless --limit says otherwise; `export` has no limit."""


MEND = "mend the old rows, then `changeover rejects retry`; or mend the mapping, then `changeover backfill`"


class _OrList(TyperGroup):
    """``changeover rejects product --json`` means ``changeover rejects list product --json``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See the class."""
        named = bool(args) and (args[0] in self.commands or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if named else ["list", *args])


app = typer.Typer(cls=_OrList, rich_markup_mode="rich")

Values = Annotated[
    bool,
    typer.Option(
        "--values", help="Also the old value of the column. It is a user's data: mind where it goes."
    ),
]


def rejects() -> None:
    """Rows that could not be moved: with their key, column and reason, until they can be.

    Kinds: value (doesn't fit its column), conflict (another row has the unique value or the id), waiting (its parent
    isn't there yet), referenced (its root is gone, but other rows refer to it).

    Examples:

      changeover rejects                     list them; `changeover rejects list --help` tells of the options
      changeover rejects --summary           how many there are for each reason
      changeover rejects product --values    some of them, with values
      changeover rejects retry product       once the cause was mended
      changeover rejects export --format csv -o rejects.csv
      changeover rejects close shop.tb_goods.product    of a mapping that no longer exists
    """


def list_(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    kind: options.Kind = None,
    values: Values = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Count them by column and reason, instead of listing each.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = SHOWN,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """List open rejects, also of mappings that no longer exist. Exits with 1 when there are any."""
    registry = open_registry(mappings)
    with open_ledger() as ledger, ledger.reading() as connection:
        chosen = choose(connection, registry, [*(tables or ()), *(table or ())])
        there = total(connection, chosen.names, kind)
        why = causes(connection, chosen.names, kind) if summary else None
        listed = [] if summary else pages(connection, chosen.names, kind, limit=limit)
        found = [row for page in listed for row in page]
    code = Code.FINDINGS if there else Code.OK
    if json:
        output.document(
            {
                "command": "rejects",
                "ok": code is Code.OK,
                "open": there,
                "orphans": chosen.orphans,
                **({"rejects": [shape(r, values=values) for r in found]} if why is None else {"causes": why}),
            }
        )
    else:
        if there and why is not None:
            _show_causes(why, there)
        else:
            _show(found, there, limit=limit, values=values)
        for orphan in chosen.orphans:
            output.answer(orphan_hint(orphan))
    end(code)


def retry(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    kind: options.Kind = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Apply rejected rows again, as they are now. Exits with 1 when some are left."""
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    names = [m.name for m in chosen.mappings]
    kinds = [kind] if kind else None
    with open_project(registry, chosen, mappings) as project, Stopping() as stopping:
        done = {name: reapply(project, mapping=name, kinds=kinds, stop=stopping.event) for name in names}
    left = sum(d.left for d in done.values())
    if json:
        output.document({"command": "rejects retry", "ok": not left, "mappings": done})
    else:
        rows = [
            (name, *map(output.count, (d.tried, d.mended, d.left))) for name, d in done.items() if d.tried
        ]
        if rows:
            output.table(
                "", ("mapping", "tried", "mended", "left"), rows, numbers=("tried", "mended", "left")
            )
        else:
            output.answer("there is nothing to try again")
    if left and stopping.event.is_set():
        output.say("stopped; the same command goes on")
        end(Code.INTERRUPTED)
    end(Code.FINDINGS if left else Code.OK)


def export(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    kind: options.Kind = None,
    values: Values = False,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; stdout when left out.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="jsonl or csv.")] = Format.JSONL,
    mappings: options.Mappings = None,
    _debug: options.Debug = False,
) -> None:
    """Write all open rejects to a file that only you can read."""
    registry = open_registry(mappings)
    with open_ledger() as ledger, ledger.reading() as connection:
        chosen = choose(connection, registry, [*(tables or ()), *(table or ())])
        written = export_rejects(pages(connection, chosen.names, kind), file, form, values=values)
    output.say(f"{output.count(written)} rejects written to {file or 'stdout'}")


def close(
    names: Annotated[
        list[str],
        typer.Argument(metavar="MAPPING", help="A mapping that no longer exists.", show_default=False),
    ],
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Forget the rejects of mappings that were renamed or removed, and which images their rows wait for: nothing applies these rows
    again.

    Those of a mapping that exists go when their rows are applied without that fault: `rejects retry`.
    """
    registry = open_registry(mappings)
    with open_ledger() as ledger:
        with ledger.reading() as connection:
            closed = [orphan_named(connection, registry, name) for name in dict.fromkeys(names)]
        with ledger.new.engine.begin() as connection:
            for orphan in closed:
                close_orphan(connection, orphan)
    if json:
        output.document({"command": "rejects close", "ok": True, "closed": closed})
        return
    for orphan in closed:
        images = f", {output.number(orphan.images, 'row')} with images" if orphan.images else ""
        output.answer(
            f"{output.number(orphan.rows, 'rejected row')}{images} of mapping {orphan.mapping} forgotten"
        )


def _show(found: list[RejectRow], there: int, *, limit: int, values: bool) -> None:
    if not there:
        output.answer("there are no open rejects")
        return
    columns = ["mapping", "key", "column", "kind", "reason", *(["value"] if values else [])]
    rows = [
        (
            r.mapping,
            r.root_key,
            r.column,
            r.kind,
            r.reason,
            *([_value(r)] if values else []),
        )
        for r in found
    ]
    output.table("", columns, rows)
    cut = f"; the first {len(found)} entries are listed: --summary counts all by reason, --limit N lists more, `export` all"
    output.answer(f"{output.number(there, 'row')} rejected{cut if len(found) == limit else ''}")
    output.answer(MEND)


def _value(found: RejectRow) -> str:
    """Where no value is kept, it is that of a `value` reject which is NULL; other kinds are about rows."""
    if found.value is not None:
        return found.value
    return "NULL" if found.kind == "value" and found.column else ""


def _show_causes(why: list[RejectCause], there: int) -> None:
    columns = ("mapping", "column", "kind", "rows", "for example", "reason")
    rows = [(c.mapping, c.column, c.kind, output.count(c.rows), c.key, c.reason) for c in why]
    output.table("", columns, rows, numbers=("rows",))
    output.answer(f"{output.number(there, 'row')} rejected; one that has several reasons counts for each")
    output.answer(MEND)


app.callback(help=paragraphs(rejects.__doc__))(rejects)
for name, command in (("list", list_), ("retry", retry), ("export", export), ("close", close)):
    app.command(name, help=paragraphs(command.__doc__))(command)
