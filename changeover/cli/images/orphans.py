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
from changeover.ledger.image_status import sets


def orphans(
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="PREFIX", help="Only objects whose keys begin with it.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = 1_000,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """List objects of the bucket that the manifest doesn't know. Deletes nothing.

    They may be the new application's own, or of a run that has just stored them, or was killed before it noted them: those are
    found under the same key again. Before you delete any, let no run be under way, and no image have a new key of which rows hold
    the former: `changeover images run` applies them. Exits with 1 when there are any.
    """
    bucket = open_bucket()
    with open_ledger() as ledger:
        found = list(islice(unknown(ledger, bucket, prefix), limit))
        with ledger.reading() as connection:
            changed = sum(one.changed for one in sets(connection))
    code = Code.FINDINGS if found else Code.OK
    if json:
        objects = [{"key": one.key, "bytes": one.bytes} for one in found]
        output.document(
            {"command": "images orphans", "ok": code is Code.OK, "changed": changed, "objects": objects}
        )
    elif found:
        rows = [(one.key, output.count(one.bytes)) for one in found]
        output.table("", ("key", "bytes"), rows, numbers=("bytes",))
        if len(found) == limit:
            output.answer(f"the first {limit} are listed; --limit N lists more")
        if changed:
            output.answer(
                f"rows may hold former keys of {output.number(changed, 'image')}: delete nothing before "
                "`changeover images run` has applied them"
            )
    else:
        output.answer("the manifest knows every object")
    end(code)
