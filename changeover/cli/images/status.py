"""``changeover images status``: how far every set of images is, from the ledger."""

from __future__ import annotations

from changeover.cli import options, output
from changeover.cli.opening import open_ledger, open_registry
from changeover.cli.outcome import Code, end
from changeover.ledger.image_status import NotStored, RowsWaiting, SetStatus, not_stored, rows_waiting, sets


def status(
    mappings: options.Mappings = None, json: options.Json = False, _debug: options.Debug = False
) -> None:
    """Show how far every set of images is, why some are not stored, and how many rows keep an old URL.

    Asks the ledger, so it can be used while images are moved. Rows of mappings that no longer exist are left out: nothing applies
    them. Exits with 1 when some image is not stored, or some row keeps an
    old URL.
    """
    names = [mapping.name for mapping in open_registry(mappings).mappings]
    with open_ledger() as ledger, ledger.reading() as connection:
        found, why, waiting = sets(connection), not_stored(connection), rows_waiting(connection, names)
    whole = not any(one.wanted or one.rejected or one.lost or one.changed for one in found)
    code = Code.OK if whole and not any(one.waiting or one.rejected for one in waiting) else Code.FINDINGS
    if json:
        output.document(
            {
                "command": "images status",
                "ok": code is Code.OK,
                "sets": found,
                "not_stored": why,
                "rows": waiting,
            }
        )
    else:
        show(found, why, waiting)
    end(code)


def show(found: list[SetStatus], why: list[NotStored], waiting: list[RowsWaiting]) -> None:
    """The tables, and what to do."""
    if not found and not waiting:
        output.answer("no image is in the manifest yet: `changeover images run` moves them")
        return
    columns = ("images", "stored", "wanted", "rejected", "lost", "objects", "MB")
    output.table("", columns, map(_row, found), numbers=columns[1:])
    if why:
        names = ("images", "state", "number", "reason", "for example")
        rows = [(one.image_set, one.state, output.count(one.images), one.reason, one.detail) for one in why]
        output.table("", names, rows, numbers=("number",))
    trying = sum(one.trying for one in found)
    if trying:
        output.answer(f"{output.number(trying, 'image')} could not be had so far: the next run tries again")
    changed = sum(one.changed for one in found)
    if changed:
        output.answer(
            f"{output.number(changed, 'image')} have a new key since their content changed, and rows may hold the former: "
            "`changeover images run` applies them"
        )
    if waiting:
        names = ("rows of", "mapping", "waiting", "keep the old URL")
        rows = [
            (one.target, one.mapping, output.count(one.waiting), output.count(one.rejected))
            for one in waiting
        ]
        output.table("", names, rows, numbers=names[2:])
        if any(one.rejected for one in waiting):
            output.answer("`changeover images rejects` says which rows keep their old URL, and why")


def _row(one: SetStatus) -> tuple[object, ...]:
    numbers = (one.stored, one.wanted, one.rejected, one.lost, one.objects)
    return (one.image_set, *map(output.count, numbers), f"{one.bytes / 1e6:,.1f}")
