"""``changeover images``: the images that rows name, on their way to the new bucket."""

from __future__ import annotations

import typer

from changeover.cli.help_text import paragraphs
from changeover.cli.images.bring import import_
from changeover.cli.images.export import export
from changeover.cli.images.orphans import orphans
from changeover.cli.images.rejects import rejects
from changeover.cli.images.run import run
from changeover.cli.images.status import status
from changeover.cli.images.verify import verify

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True)


def images() -> None:
    """Move the images that rows name to the new bucket, each once, and point the rows at them.

    The usual way:

      changeover images import moved.json --set photos    what an earlier script has moved already
      changeover images run                               move what is not there yet; Ctrl-C stops, the same goes on
      changeover images status                            how far is every set?
      changeover images rejects                           which rows keep their old URL, and why?
      changeover images verify                            is every object in the bucket?
      changeover images orphans                           which objects does the manifest not know?
      changeover images export moved.json --set photos    before the new database is thrown away, to rehearse again
    """


app.callback(help=paragraphs(images.__doc__))(images)
for name, command in (
    ("status", status),
    ("run", run),
    ("verify", verify),
    ("rejects", rejects),
    ("orphans", orphans),
    ("import", import_),
    ("export", export),
):
    app.command(name, help=paragraphs(command.__doc__))(command)
