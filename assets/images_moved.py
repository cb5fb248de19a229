"""How a set of images stands as a whole, as its check `images_moved`. From the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from changeover.ledger.image_status import SetStatus, rows_waiting, sets
from changeover.project import Project
from changeover.wording import number, verb

if TYPE_CHECKING:
    from assets.image_set import Gallery

IMAGES_MOVED = "images_moved"
DESCRIPTION = (
    "Every image that the copied rows name is in the bucket, and the rows point at it. Of one that was rejected a row keeps "
    "the old URL. A warning: rows wait for images that are not moved yet."
)


def images_moved(project: Project, found: Gallery) -> dg.AssetCheckEvaluation:
    """How the set stands, and the rows of the component's tables that name its images."""
    name = found.images.name
    mine = {mapping.name for mapping in found.component.mappings}
    with project.reading() as connection:
        images = next((one for one in sets(connection) if one.image_set == name), SetStatus(name))
        rows = [one for one in rows_waiting(connection, image_set=name) if one.mapping in mine]
    waiting, refused = sum(one.waiting for one in rows), sum(one.rejected for one in rows)
    images = replace(images, lost=images.lost - images.unnamed)
    numbers = {
        "images": images.stored + images.wanted + images.rejected + images.lost,
        "in_the_bucket": images.stored,
        "rejected": images.rejected,
        "could_not_be_had": images.trying,
        "lost": images.lost,
        "rows_waiting": waiting,
        "rows_with_old_url": refused,
    }
    return dg.AssetCheckEvaluation(
        asset_key=found.key,
        check_name=IMAGES_MOVED,
        passed=not (waiting or refused or images.lost),
        severity=dg.AssetCheckSeverity.ERROR if refused or images.lost else dg.AssetCheckSeverity.WARN,
        description=_said(found, images, waiting, refused),
        metadata={key: dg.MetadataValue.int(number) for key, number in numbers.items()},
    )


def _said(found: Gallery, images: SetStatus, waiting: int, refused: int) -> str:
    whole = images.stored + images.wanted + images.rejected + images.lost
    tables = " and ".join(f"`{target}`" for target in found.columns)
    of = "" if found.alone else " of the set, which other tables share,"
    said = [
        f"{images.stored:,} of {number(whole, 'image')}{of} {verb(images.stored, 'is', 'are')} in the bucket"
    ]
    if refused:
        said.append(
            f"{number(refused, 'row')} of {tables} {verb(refused, 'keeps', 'keep')} the old URL, since the image is rejected: "
            f"`changeover images rejects` lists {verb(refused, 'it', 'them')}"
        )
    if waiting:
        said.append(
            f"{number(waiting, 'row')} of {tables} {verb(waiting, 'waits for its', 'wait for theirs')}"
        )
    if images.trying:
        said.append(f"{images.trying:,} could not be had so far")
    if images.lost:
        said.append(f"{images.lost:,} were stored, and are not in the bucket any more")
    return ", ".join(said) + "."
