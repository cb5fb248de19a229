"""``changeover images status``: how far every set of images is, from the ledger."""

from __future__ import annotations

from dataclasses import replace

from changeover.cli import options, output
from changeover.cli.fingerprints import fingerprints
from changeover.cli.images.naming import declared
from changeover.cli.opening import open_ledger, open_registry
from changeover.cli.outcome import Code, end
from changeover.ledger.image_changes import former_keys
from changeover.ledger.image_status import (
    NotStored,
    RowsWaiting,
    SetStatus,
    not_stored,
    rows_waiting,
    sets,
    unnamed,
)
from changeover.ledger.status import TableStatus, statuses
from changeover.mapping import Image, Registry
from changeover.project import Project


def status(
    mappings: options.Mappings = None, json: options.Json = False, _debug: options.Debug = False
) -> None:
    """Show how far every set of images is, why some are not stored, and how many rows keep an old URL.

    Asks the ledger, so it can be used while images are moved. Rows of mappings that no longer exist, and sets that no column is
    declared with any more, are left out: nothing applies them. So are images that no row names any more: of those that were never
    stored that is known once all rows are copied; of lost ones, after `images run` over all tables. Exits with 1 when some other
    image is not stored, or some row keeps an old URL.
    """
    registry = open_registry(mappings)
    names = [mapping.name for mapping in registry.mappings]
    roots = _roots(registry)
    with open_ledger() as ledger:
        with ledger.reading() as connection:
            found = [one for one in sets(connection) if one.image_set in roots]
            why = [one for one in not_stored(connection) if one.image_set in roots]
            waiting = rows_waiting(connection, names)
            former = {
                name: number
                for name, images in declared(registry).items()
                if (
                    number := former_keys(
                        connection, name, images.prefix, by_content=images.keys == "content"
                    )
                )
            }
        if any(one.wanted or one.rejected for one in found):
            found = _with_unnamed(ledger, registry, roots, found)
    whole = all(one.settled for one in found)
    code = Code.OK if whole and not any(one.waiting or one.rejected for one in waiting) else Code.FINDINGS
    if json:
        output.document(
            {
                "command": "images status",
                "ok": code is Code.OK,
                "sets": found,
                "not_stored": why,
                "rows": waiting,
                "former_keys": former,
            }
        )
    else:
        show(found, why, waiting)
        for name, number in former.items():
            output.answer(
                f"{name}: {output.number(number, 'image has', 'images have')} keys of another scheme or prefix than the set "
                "declares; `changeover images run --rekey` copies them within the bucket"
            )
    end(code)


def _roots(registry: Registry) -> dict[str, set[str]]:
    """By set, the roots whose rows name images of it."""
    roots: dict[str, set[str]] = {}
    for mapping in registry.mappings:
        for made in mapping.made.values():
            if isinstance(made, Image):
                roots.setdefault(made.images.name, set()).add(mapping.root_name)
    return roots


def _with_unnamed(
    ledger: Project, registry: Registry, roots: dict[str, set[str]], found: list[SetStatus]
) -> list[SetStatus]:
    """The sets with the images that no row names, of those whose rows are all copied as the mappings are now: each such row has a
    note of each image that isn't stored."""
    written = fingerprints(registry, set().union(*roots.values()), ledger)
    with ledger.reading() as connection:
        copied = {one.root for one in statuses(connection, registry, written) if _is_copied(one)}
        number = unnamed(connection, [mapping.name for mapping in registry.mappings])
    return [
        replace(one, unnamed=one.unnamed + number.get(one.image_set, 0))
        if roots[one.image_set] <= copied
        else one
        for one in found
    ]


def _is_copied(one: TableStatus) -> bool:
    return (
        one.state in ("done", "images", "rejects")
        and not one.ranges_stale
        and not one.rejected_open
        and one.unknown is None
    )


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
            f"{output.number(changed, 'image has', 'images have')} a new key since the content changed, and rows may hold "
            "the former: `changeover images run` applies them"
        )
    idle = sum(one.unnamed for one in found)
    if idle:
        idle_words = output.number(idle, "image that is not stored is", "images that are not stored are")
        output.answer(f"{idle_words} named by no row any more: nothing is left to do")
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
