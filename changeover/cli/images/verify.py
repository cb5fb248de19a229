"""``changeover images verify``: is every stored image in the bucket?"""

from __future__ import annotations

from changeover.cli import options, output
from changeover.cli.images.carrying import USUAL, ImageWorkers
from changeover.cli.opening import open_ledger
from changeover.cli.outcome import Code, end
from changeover.cli.stopping import Stopping
from changeover.image_sets.audit import verify as ask
from changeover.image_sets.opening import open_bucket

SHOWN = 20


def verify(workers: ImageWorkers = USUAL, json: options.Json = False, _debug: options.Debug = False) -> None:
    """Ask the bucket for each image that the manifest knows as stored: is it there, with the length it was stored with?

    One that isn't is lost: rows keep its key, and `changeover images run` fetches it again. Exits with 1 when one is lost.
    """
    asked, lost = 0, list[str]()
    bucket = open_bucket()
    with open_ledger() as ledger, Stopping("images") as stopping:
        for page in ask(ledger, bucket, workers, stop=stopping.event):
            asked += page.asked
            lost += page.lost
        stopped = stopping.event.is_set()
    code = Code.INTERRUPTED if stopped else Code.FINDINGS if lost else Code.OK
    if json:
        output.document(
            {
                "command": "images verify",
                "ok": code is Code.OK,
                "asked": asked,
                "lost": len(lost),
                "keys": lost,
            }
        )
    else:
        output.answer(f"{output.number(asked, 'image')} asked for, {output.count(len(lost))} lost")
        for key in lost[:SHOWN]:
            output.answer(f"lost: {key}")
        if lost:
            output.answer("`changeover images run` fetches them again")
    end(code)
