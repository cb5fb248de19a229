"""The options that several commands take, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from changeover.cli.outcome import invocation
from changeover.ledger.rejects import RejectKind


def _json(context: typer.Context, value: bool) -> bool:
    invocation(context).json = value
    return value


def _debug(context: typer.Context, value: bool) -> bool:
    invocation(context).debug = value
    return value


Tables = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TABLE",
        help="New table, root (database.table), mapping or domain. All when left out.",
        show_default=False,
    ),
]
MoreTables = Annotated[
    list[str] | None,
    typer.Option("--table", "-t", metavar="TABLE", help="The same, as an option; may be repeated."),
]
Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="HOST",
        help="MariaDB and MySQL: where the account connects from; % is anywhere.",
    ),
]
Mappings = Annotated[
    str | None,
    typer.Option(
        "--mappings",
        metavar="PACKAGE",
        help="Package or folder of the mappings, instead of what pyproject.toml names.",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="One JSON document on stdout, nothing else; progress goes to stderr.",
        callback=_json,
        is_eager=True,
    ),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show a traceback when something fails. It may hold values of rows.",
        callback=_debug,
        is_eager=True,
    ),
]
Unchecked = Annotated[
    bool,
    typer.Option(
        "--unchecked",
        help="Begin although `changeover check` finds errors: what is moved may be wrong, rejected or fail half way.",
    ),
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        "-r",
        metavar="NAME",
        help="Only this key range of the one table selected; may be repeated.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-w", min=1, metavar="N", help="Ranges of a table copied at a time; 2 when left out."
    ),
]
Kind = Annotated[RejectKind | None, typer.Option("--kind", help="Only rejects of this kind.")]
