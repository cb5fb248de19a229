"""``changeover images orphans``: objects in the bucket that no image is known by."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from changeover.cli import options, output
from changeover.cli.opening import open_ledger
from changeover.cli.outcome import Code, end
from changeover.image_sets.audit import orphans as unknown
from changeover.image_sets.opening import open_bucket


def orphans(
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="PREFIX", help="Only objects whose keys begin with it.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = 1_000,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """List objects of the bucket that the manifest doesn't know. Deletes nothing.

    They may be the new application's own, or of a run that was killed between storing an image and noting it: that is stored
    under the same key again. Exits with 1 when there are any.
    """
    bucket = open_bucket()
    with open_ledger() as ledger:
        found = list(islice(unknown(ledger, bucket, prefix), limit))
    code = Code.FINDINGS if found else Code.OK
    if json:
        objects = [{"key": one.key, "bytes": one.bytes} for one in found]
        output.document({"command": "images orphans", "ok": code is Code.OK, "objects": objects})
    elif found:
        rows = [(one.key, output.count(one.bytes)) for one in found]
        output.table("", ("key", "bytes"), rows, numbers=("bytes",))
        if len(found) == limit:
            output.answer(f"the first {limit} are listed; --limit N lists more")
    else:
        output.answer("the manifest knows every object")
    end(code)
