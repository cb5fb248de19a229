"""A rehearsal: a run over images that are stored already, which must ask nobody for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter, process_time

import sqlalchemy as sa

from bench.figure import Figure
from bench.site import Database, Site, engine, project
from changeover.image_sets import move_images
from changeover.images.image import Arrived, Outcome, Wanted
from changeover.ledger.tables import metadata
from changeover.mapping import ImageSet, Mapping, Registry, image, old
from changeover.planning import plan
from changeover.project import Project

IMAGES = 100_000
AT_MOST = 2.0
"""Seconds of the program's processor time, as promised."""

ROOT = "shop.tb_product"
PHOTOS = ImageSet("photos", hosts=("img.shop.example",), base="https://img.shop.example/")

_product = old("shop", "tb_product")
PRODUCT = Mapping("product", _product, {"image": image(_product.img, images=PHOTOS)})


@dataclass
class Carried:
    """Says of each image that it is stored now, and counts: what is measured is the run that asks for none."""

    asked: int = 0

    def carry(self, images: ImageSet, wanted: Iterable[Wanted]) -> Iterator[Outcome]:
        """See `Carrier`."""
        del images
        for one in wanted:
            self.asked += 1
            yield Arrived(
                one.url, one.url, f"{self.asked:064x}.jpg", 40_000, "image/jpeg", f"{self.asked:064x}", 8, 8
            )


def known_images(site: Site, kind: Database, count: int = IMAGES) -> list[Figure]:
    """Seconds and processor time of the second run over ``count`` images, each named by a row of its own."""
    group = f"images, {count:,} known, {kind}"
    with site.empty(kind) as old_url, site.empty(kind) as new_url:
        _fill(old_url, new_url, count)
        with project(old_url, new_url, Registry((PRODUCT,))) as opened:
            plan(opened, ROOT)
            carrier = Carried()
            first = _run(opened, carrier)
            if carrier.asked != count:
                raise RuntimeError(f"{carrier.asked} of {count} images were asked for")
            second = _run(opened, carrier)
            if carrier.asked != count:
                raise RuntimeError(f"{carrier.asked - count} images were asked for again")
    return [
        Figure(group, "first run, without carrying", first[0], "s"),
        Figure(group, "second run", second[0], "s"),
        Figure(group, "second run: the program's processors", second[1], "s", "at most", AT_MOST),
    ]


def _run(opened: Project, carrier: Carried) -> tuple[float, float]:
    began, spent = perf_counter(), process_time()
    for done in move_images(opened, ROOT, carrier):
        if not done.settled:
            raise RuntimeError(done.error or f"{done.failed} images could not be had")
    return perf_counter() - began, process_time() - spent


def _fill(old_url: str, new_url: str, count: int) -> None:
    with engine(old_url) as made, made.begin() as connection:
        table = sa.Table(
            "tb_product",
            sa.MetaData(),
            sa.Column("no", sa.Integer, primary_key=True),
            sa.Column("img", sa.String(200)),
        )
        table.create(connection)
        for start in range(1, count + 1, 5_000):
            numbers = range(start, min(start + 5_000, count + 1))
            rows = [{"no": n, "img": f"product/{n % 50:02d}/{n:06d}_1.jpg"} for n in numbers]
            connection.execute(table.insert(), rows)
    with engine(new_url) as made:
        metadata.create_all(made)
        columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("image", sa.String(200))]
        sa.Table("product", sa.MetaData(), *columns).create(made)
