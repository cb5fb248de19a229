"""A set of images as a Dagster asset beside the table whose rows name them, with the same partitions.

A partition's images are moved once, whoever runs it and how often: what the manifest knows as stored is not asked for again. The
rows that were copied before are applied again as their images arrive; those that are copied afterwards get their keys at once.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.checks import check_outputs
from assets.component import Component
from assets.gallery import gallery, rejects_table
from assets.images_moved import DESCRIPTION, IMAGES_MOVED, images_moved
from assets.keys import new_key, old_key, safe
from assets.lineage import old_tables
from assets.partitions import Partitions, backfill_policy, partitions_definition
from assets.progress import SECONDS_BETWEEN_LINES, duration
from assets.watched import watched
from changeover.image_sets import ImagesMoved, move_images
from changeover.image_sets.walk import sets_of
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.mapping import Image, ImageSet, Registry
from changeover.project import Project
from changeover.settings import mask
from resources import at_end_of, open_carrier, open_project, resource_keys
from resources.images import IMAGES

Owners = Mapping[str, str]

FAILURES_NAMED = 20


@dataclass(frozen=True)
class Gallery:
    """A set of images that the rows of a component name."""

    component: Component
    images: ImageSet
    alone: bool
    """No other component names images of the set."""

    @property
    def key(self) -> dg.AssetKey:
        """``images/product_photos``; where several components name its images, with this one's table, or its name."""
        targets = self.component.targets
        own = [] if self.alone else [safe(targets[0] if len(targets) == 1 else self.component.name)]
        return dg.AssetKey(["images", safe(self.images.name), *own])

    @property
    def columns(self) -> dict[str, list[str]]:
        """The columns that hold them, by target."""
        found: dict[str, list[str]] = {}
        for mapping in self.component.mappings:
            for name, made in mapping.made.items():
                if isinstance(made, Image) and made.images.name == self.images.name:
                    found.setdefault(mapping.target, []).append(name)
        return found

    @property
    def url_prefix(self) -> str:
        """What stands before keys in rows, where that makes URLs of them."""
        made = (one for one in _images(self.component) if one.images.name == self.images.name)
        return next((one.url_prefix for one in made if one.url_prefix), "")


def galleries(steps: Sequence[Component]) -> list[Gallery]:
    """Every set of images of each component."""
    sets = [{made.images.name: made.images for made in _images(step)} for step in steps]
    named = [name for found in sets for name in found]
    return [
        Gallery(step, images, named.count(name) == 1)
        for step, found in zip(steps, sets, strict=True)
        for name, images in found.items()
    ]


def image_set_asset(found: Gallery, registry: Registry, owners: Owners) -> dg.AssetsDefinition:
    """The asset of a set."""
    component = found.component
    partitions = partitions_definition(component)
    domain = component.mappings[0].domain
    check = dg.AssetCheckSpec(IMAGES_MOVED, asset=found.key, description=DESCRIPTION)

    @dg.multi_asset(
        name=f"move_{'_'.join(found.key.path)}",
        specs=[
            dg.AssetSpec(
                found.key,
                deps=_deps(found),
                group_name=safe(domain) if domain else None,
                description=_description(found),
                owners=[owners[domain]] if domain in owners else None,
                kinds={"image", "s3"},
                skippable=True,
                metadata={"image_set": found.images.name, "prefix": found.images.prefix or "(none)"},
            )
        ],
        check_specs=[check],
        partitions_def=partitions,
        backfill_policy=backfill_policy(),
        required_resource_keys={IMAGES, *resource_keys(registry.needed(component.targets))},
        pool=f"images_{safe(found.images.name)}",
    )
    def move(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from _moved(context, found, registry)
        yield from check_outputs([check])

    return move


def _images(component: Component) -> Iterator[Image]:
    for mapping in component.mappings:
        yield from (made for made in mapping.made.values() if isinstance(made, Image))


def _deps(found: Gallery) -> list[dg.AssetDep]:
    """The old tables that name the images, and the new ones that are pointed at them."""
    old = {
        old_key(mapping.database, table): None
        for mapping in found.component.mappings
        if mapping.target in found.columns
        for table in old_tables(mapping)
    }
    return [*map(dg.AssetDep, old), *(dg.AssetDep(new_key(target)) for target in found.columns)]


def _description(found: Gallery) -> str:
    columns = ", ".join(f"`{target}.{name}`" for target, names in found.columns.items() for name in names)
    images = found.images
    place = (
        f"the hosts {', '.join(images.hosts)}"
        if images.hosts
        else f"the old bucket `{images.bucket}`"
        if images.bucket
        else "a folder"
    )
    return (
        f"Images of {place} that {columns} name, each moved once to the new bucket and checked. A partition holds those that its "
        "range of rows names."
    )


def _moved(context: dg.AssetExecutionContext, found: Gallery, registry: Registry) -> Iterator[Any]:
    """Move the images of the run's partitions; a partition that fails doesn't stop the others.

    Raises: dagster.Failure at the end if one failed, and at once for what concerns all.
    """
    with open_project(context.resources, registry.needed(found.component.targets)) as project:
        work = _Move(context, found, project)
        for root, names in work.partitions.by_root(context.partition_keys).items():
            yield from work.root(root, work.known(root, names))
        yield images_moved(project, found)
    if work.failed:
        named = "\n".join(f"{key}: {why}" for key, why in list(work.failed.items())[:FAILURES_NAMED])
        raise dg.Failure(
            f"the images of {len(work.failed)} of {len(context.partition_keys)} key ranges are not all moved. "
            f"Re-execute to try these again.\n{named}",
            metadata={"failed": len(work.failed), "partitions": list(work.failed)},
            allow_retries=False,
        )


@dataclass
class _Move:
    context: dg.AssetExecutionContext
    found: Gallery
    project: Project
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Why, by partition."""

    @property
    def partitions(self) -> Partitions:
        return Partitions(self.found.component.roots)

    def known(self, root: str, names: Sequence[str]) -> list[str]:
        """Those of the ranges that the ledger knows, in its order."""
        with self.project.reading() as connection:
            there = [one.name for one in ranges_of(connection, root)]
        for name in set(names) - set(there):
            self.failed[self.partitions.key(root, name)] = "not in the ledger: launch plan_tables"
        return [name for name in there if name in set(names)]

    def root(self, root: str, names: Sequence[str]) -> Iterator[Any]:
        """Move the images of ranges of one root."""
        if self.found.images.name not in {one.name for one in sets_of(self.project.move(root))}:
            # A merge's other table, whose rows name no images.
            for name in names:
                yield from self.told_of_none(self.partitions.key(root, name))
            return
        line = _Line(root, len(names), self.context.log.info)

        def work(stop: threading.Event) -> Iterator[ImagesMoved]:
            with open_carrier(self.context.resources) as carrier:
                yield from move_images(
                    self.project,
                    root,
                    carrier,
                    names,
                    sets=(self.found.images.name,),
                    on_moved=line.moved,
                    stop=stop,
                )

        for done in watched(work, line.say, SECONDS_BETWEEN_LINES, at_end_of(self.context.resources)):
            assert done.range is not None
            yield from self.told(done, done.range)

    def told_of_none(self, partition: str) -> Iterator[Any]:
        """A range whose rows can't name images."""
        yield dg.AssetMaterialization(
            self.found.key, partition=partition, metadata={"dagster/partition_row_count": 0}
        )

    def told(self, done: ImagesMoved, found: KeyRange) -> Iterator[Any]:
        """A range's materialization, unless something of it is left to do."""
        partition = self.partitions.key(found.root, found.name)
        if done.error is not None:
            self.failed[partition] = mask(done.error)
        elif done.failed:
            self.failed[partition] = f"{done.failed:,} images could not be had"
        if partition in self.failed:
            self.context.log.error("%s failed: %s", partition, self.failed[partition])
        else:
            yield dg.AssetMaterialization(
                self.found.key, partition=partition, metadata=_metadata(done, self.found.url_prefix)
            )


@dataclass
class _Line:
    """A line every few seconds."""

    root: str
    ranges: int
    tell: Any
    last: ImagesMoved | None = None

    def moved(self, now: ImagesMoved) -> None:
        """Remember how far it is."""
        self.last = now

    def say(self) -> None:
        """Write the line."""
        if self.last is not None:
            arrived = self.last.transferred + self.last.reused
            rate = arrived / self.last.seconds if self.last.seconds else 0.0
            self.tell(
                f"{self.root}: {arrived:,} images in {duration(self.last.seconds)}, {rate:,.0f} images/s, "
                f"{self.last.known:,} known before, {self.last.rejected:,} rejected"
            )


def _metadata(done: ImagesMoved, prefix: str) -> dict[str, dg.MetadataValue]:
    """All numbers, so that Dagster plots them over the partitions."""
    counts = {
        name: dg.MetadataValue.int(getattr(done, name))
        for name in (
            "rows",
            "referenced",
            "known",
            "transferred",
            "reused",
            "rejected",
            "bytes",
            "rows_applied",
        )
    }
    arrived = done.transferred + done.reused
    return {
        **counts,
        "dagster/partition_row_count": dg.MetadataValue.int(done.known + arrived),
        "seconds": dg.MetadataValue.float(round(done.seconds, 3)),
        "images_per_second": dg.MetadataValue.float(
            round(arrived / done.seconds, 1) if done.seconds else 0.0
        ),
        **({"sample": gallery(done.sample, prefix)} if done.sample else {}),
        **({"rejects": rejects_table(done.rejects)} if done.rejects else {}),
    }
