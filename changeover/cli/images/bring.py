"""``changeover images import``: what an earlier script has moved already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from changeover.cli import options, output
from changeover.cli.images.naming import SetName, set_named
from changeover.cli.opening import open_project, open_registry
from changeover.cli.outcome import Code, end
from changeover.cli.stopping import Stopping
from changeover.image_sets.bring import bring
from changeover.image_sets.moved_file import read_file


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help='JSON: {"old URL": "new key", …}, or what `images export` wrote.',
            show_default=False,
        ),
    ],
    images: SetName = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Enter images that are in the bucket already, from a file of old URLs and new keys, or of what `images export` wrote.
    They are not fetched again.

    A URL that the manifest knows with another key keeps that. Rows that waited for the images are applied again. Whether the
    objects are there is asked by `changeover images verify`. Exits with 1 when a URL may not be fetched by the set, or has
    another key.
    """
    moved = read_file(file)
    registry = open_registry(mappings)
    chosen = set_named(registry, images)
    with open_project(registry, registry, mappings) as project, Stopping("images") as stopping:
        done = bring(project, chosen, moved, stop=stopping.event)
    code = Code.FINDINGS if done.refused or done.other else Code.OK
    if json:
        output.document({"command": "images import", "ok": code is Code.OK, "set": chosen.name, **vars(done)})
    else:
        columns = ("images", "entered", "known", "other key", "refused", "rows")
        numbers = (done.entered, done.known, done.other, done.refused, done.rows_applied)
        output.table("", columns, [(chosen.name, *map(output.count, numbers))], numbers=columns[1:])
    end(code)
