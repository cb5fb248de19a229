"""``changeover images export``: what is in the bucket, for a new database that knows nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from changeover.cli import options, output
from changeover.cli.images.naming import SetName, set_named
from changeover.cli.opening import open_ledger, open_registry
from changeover.cli.outcome import Code, end
from changeover.image_sets.moved_file import write_file


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to.", show_default=False)],
    images: SetName = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Write what is known of a set's stored images to a file that `changeover images import` reads.

    The manifest is in the new database: before that is thrown away, to rehearse once more, keep what it knows. The file holds old
    URLs, which are users' data, and is readable by you alone.
    """
    chosen = set_named(open_registry(mappings), images)
    with open_ledger() as ledger:
        written = write_file(ledger, chosen, file)
    if json:
        output.document(
            {"command": "images export", "ok": True, "set": chosen.name, "images": written, "file": str(file)}
        )
    else:
        output.answer(f"{output.number(written, 'image')} of {chosen.name} written to {file}")
    end(Code.OK)
