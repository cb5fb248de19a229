"""The commands put together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from changeover.cli import (
    backfill,
    check,
    grants,
    images,
    plan,
    rejects,
    resync,
    status,
    sync,
    upgrade,
    verify,
)
from changeover.cli.help_text import paragraphs
from changeover.cli.outcome import Commands

app = typer.Typer(
    name="changeover",
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they show local variables, and a URL may be among them
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"changeover {version('changeover')}")
        raise typer.Exit


def changeover(
    _show: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Move a running service's rows from its old databases to a redesigned schema.

    The usual way, from a mapping to moved rows:

      changeover upgrade       create its control tables in the new database
      changeover check         is every mapping right, on both schemas?
      changeover sync install  where the old application goes on writing: triggers, before the first copy
      changeover plan          cut the old tables into key ranges
      changeover backfill      copy them; Ctrl-C stops, the same goes on
      changeover sync run      carry over what it writes meanwhile, and afterwards
      changeover status        how far is every table?
      changeover rejects       which rows could not be moved, and why?
      changeover verify        is every row what its old row says?
      changeover resync        mend those that are not
      changeover images run    move the images that rows name

    Databases come from the environment or a .env file: CHANGEOVER_OLD_<NAME>_URL for each old one, CHANGEOVER_NEW_URL.
    The package of mappings is named in pyproject.toml: [tool.changeover] mappings = "assets".

    Exit codes: 0 what the command claims is so · 1 findings (errors in a mapping, failed ranges, rejects, drift) · 2 usage or
    configuration, nothing was tried · 3 broken off by an unexpected error · 130 stopped by Ctrl-C · 141 nobody read
    the answer to its end.
    """


app.callback(help=paragraphs(changeover.__doc__))(changeover)
for command in (
    check.check,
    plan.plan,
    backfill.backfill,
    status.status,
    verify.verify,
    resync.resync,
    grants.grants,
    upgrade.upgrade,
):
    app.command(command.__name__, help=paragraphs(command.__doc__))(command)
app.add_typer(rejects.app, name="rejects")
app.add_typer(sync.app, name="sync")
app.add_typer(images.app, name="images")
