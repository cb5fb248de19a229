"""``changeover sync``: note what the old applications change, and apply it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from changeover.capture import install as capture
from changeover.capture.preflight import problems
from changeover.capture.survey import survey, tables_of
from changeover.capture.watch import look
from changeover.cli import options, output
from changeover.cli.help_text import paragraphs
from changeover.cli.opening import open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.privileges import capture_grants, direct_grants
from changeover.cli.sync_run import run
from changeover.cli.sync_sweep import sweep_
from changeover.dialects.direct import rights
from changeover.ledger import capture as ledger
from changeover.project import Project
from changeover.settings import Settings

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True)

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the statements and the rights they need, and run nothing.")
]
Databases = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DATABASE]...", help="Old databases; all that mappings name when left out."),
]
Watched = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATABASE]...",
        help="Old databases; when left out, all that are not swept by high-water columns.",
    ),
]


def sync() -> None:
    """Keep the new database in step while the old applications write.

    The usual way:

      changeover sync install     triggers that note changed keys, before the first row is copied
      changeover plan, backfill   copy what there is, as often and in whatever order
      changeover sync run         apply what changes, meanwhile and afterwards
      changeover sync uninstall   when it is over
    """


def install(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    dry_run: DryRun = False,
    host: options.Host = "%",
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Install the outbox and its triggers in the old databases, and mend what is broken.

    Every table that a mapping reads gets triggers, and, on MariaDB and MySQL, every table whose foreign keys cascade into
    one. A table that is in use is waited for a second at a time, so that the application never queues for longer. Ranges that
    were copied before their triggers stood are set back, to be walked again.

    Examples:

      changeover sync install --dry-run > capture.sql
      changeover sync install
      changeover sync install product member
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    names = [*(tables or ()), *(table or ())]
    with open_project(registry, registry, mappings) as project:
        databases = None if names else registry.watched or None
        done = capture.install(project, databases, names, dry_run=dry_run, on_step=output.say)
        grants, modes = _grants(project, chosen.roots, mappings, host) if dry_run else ([], [])
    if json:
        content: dict[str, Any] = {"command": "sync install", "ok": True, "dry_run": dry_run}
        output.document(
            content
            | {"statements" if dry_run else "done": done}
            | ({"grants": grants, "modes": modes} if dry_run else {})
        )
    elif dry_run:
        _print(done, grants, modes)
    elif not done:
        output.answer("all triggers stand as they should")


def _grants(project: Project, roots: Any, mappings: str | None, host: str) -> tuple[list[str], list[str]]:
    """The rights that installing takes, and the mode that each mapping gets that asks for the direct one."""
    settings = Settings.from_environment(mappings, project.registry.databases)
    found: list[str] = []
    modes: list[str] = []
    for name in project.registry.databases:
        with project.old[name].engine.connect() as connection:
            seen = survey(project, name, connection.execution_options(isolation_level="AUTOCOMMIT"))
        tables = tables_of(seen.plan, roots)
        if tables:
            found += capture_grants(settings.old_urls[name], tables, host)
            at_once = [one for one in seen.directs.roots if one.table in tables]
            found += direct_grants(settings.old_urls[name], rights(at_once), host)
            modes += [f"{name}: {mode}" for mode in seen.directs.modes if mode.table in tables]
    return found, modes


def _print(statements: list[str], grants: list[str], modes: list[str]) -> None:
    for mode in modes:
        typer.echo(f"-- {mode}")
    if grants:
        typer.echo("-- The account that installs, and then consumes, needs (an administrator runs these):")
        typer.echo("\n".join(grants) + "\n")
    for statement in statements:
        typer.echo(_terminated(statement) + "\n")
    if not statements:
        typer.echo("-- nothing to do: all triggers stand as they should")


_TRIGGER = re.compile("(SET STATEMENT .* FOR )?CREATE TRIGGER ")


def _terminated(statement: str) -> str:
    """As a client reads it: MySQL's ends a statement at the first semicolon unless it is told another sign."""
    if _TRIGGER.match(statement) and "`" in statement and ";" in statement:
        return f"DELIMITER $$\n{statement}$$\nDELIMITER ;"
    return statement + ";"


def uninstall(
    databases: Databases = None,
    dry_run: DryRun = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Drop the triggers, then the outbox. Nothing is left in the old databases.

    Whatever the mappings say by now, and however far an install came. Changes that the outbox still holds are given up.

    Examples:

      changeover sync uninstall
      changeover sync uninstall shop --dry-run
    """
    registry = open_registry(mappings)
    with open_project(registry, registry, mappings) as project:
        done = capture.uninstall(project, databases, dry_run=dry_run, on_step=output.say)
    if json:
        what = "statements" if dry_run else "done"
        output.document({"command": "sync uninstall", "ok": True, "dry_run": dry_run, what: done})
    elif dry_run:
        typer.echo(
            "\n".join(f"{statement};" for statement in done) or "-- nothing to do: there is nothing of ours"
        )
    elif not done:
        output.answer("there was nothing to uninstall")


@dataclass(frozen=True)
class Checked:
    """An old table that is to be watched. ``state`` is ``missing`` where nothing was installed."""

    database: str
    table: str
    state: str
    reason: str | None


def check(
    databases: Watched = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Can everything be captured, and is it?

    Looks for what stands in the way of triggers (rights, storage engines, keys, cascades in circles), and whether those that
    were installed are as they should be. Exits with 1 when a table is not watched, or is broken, or can't be watched.
    """
    registry = open_registry(mappings)
    checked: list[Checked] = []
    wrong: list[str] = []
    with open_project(registry, registry, mappings) as project:
        for database in databases or registry.watched or registry.databases:
            with project.old[database].engine.connect() as connection:
                seen = survey(project, database, connection.execution_options(isolation_level="AUTOCOMMIT"))
            look(project, database)
            with project.reading() as connection:
                known = {one.table: one for one in ledger.captured(connection, database)}
            for table in map(str, seen.triggers):
                one = known.get(table)
                checked.append(
                    Checked(database, table, one.state if one else "missing", one.reason if one else None)
                )
            wrong += problems(project, seen, list(seen.triggers))
    code = Code.FINDINGS if wrong or any(one.state != "installed" for one in checked) else Code.OK
    if json:
        output.document(
            {"command": "sync check", "ok": code is Code.OK, "tables": checked, "problems": wrong}
        )
    else:
        rows = [(one.database, one.table, one.state, one.reason or "") for one in checked]
        output.table("", ("database", "table", "state", "reason"), rows)
        for one in wrong:
            output.answer(one)
    end(code)


app.callback(help=paragraphs(sync.__doc__))(sync)
for name, command in (
    ("install", install),
    ("run", run),
    ("sweep", sweep_),
    ("check", check),
    ("uninstall", uninstall),
):
    app.command(name, help=paragraphs(command.__doc__))(command)
