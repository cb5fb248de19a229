"""A table whose rows name images, and a manifest that tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from changeover.images.image import Arrived, Refused
from changeover.ledger import images as manifest
from changeover.ledger.tables import image_wait
from changeover.mapping import ImageSet, Mapping, image, old
from changeover.project import Project
from tests.transfer.rig import Rig

HOST = "img.shop.example"
BASE = f"https://{HOST}/"
PHOTOS = ImageSet("photos", hosts=(HOST,), base=BASE)
_Text = sa.Text()


def shop(r: Rig, rows: Iterable[tuple[int, str | None]], **declared: Any) -> Project:
    """A table of products whose ``img`` names images."""
    columns = [sa.Column("no", sa.Integer, primary_key=True), sa.Column("img", _Text)]
    table = sa.Table("tb_product", sa.MetaData(), *columns)
    table.create(r.old)
    with r.old.begin() as connection:
        connection.execute(table.insert(), [{"no": no, "img": text} for no, text in rows])
    sa.Table(
        "product",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image", _Text),
    ).create(r.new)
    return r.project(mapped(**declared))


def mapped(**declared: Any) -> Mapping:
    product = old("shop", "tb_product")
    ids = {"ids": declared.pop("ids")} if "ids" in declared else {}
    options: dict[str, Any] = {"images": PHOTOS, **declared}
    return Mapping("product", product, {"image": image(product.img, **options)}, **ids)


def store(r: Rig, project: Project, *paths: str, images: ImageSet = PHOTOS) -> None:
    """These images arrived: the manifest says so, as the mover does."""
    wanted = [named(path, images) for path in paths]
    with project.new.engine.begin() as connection:
        manifest.enter(connection, project.dialect, images.name, wanted)
        arrived = {
            one.digest: Arrived(one.url, one.url, key_of(path), 10, "image/png", "0" * 64, 1, 1)
            for one, path in zip(wanted, paths, strict=True)
        }
        manifest.record(connection, project.dialect, images.name, arrived)


def refuse(r: Rig, project: Project, path: str, *, again: bool = False) -> None:
    """The image was fetched, and is none."""
    one = named(path)
    with project.new.engine.begin() as connection:
        manifest.enter(connection, project.dialect, PHOTOS.name, [one])
        refused = {one.digest: Refused(one.url, "no image", "it is HTML", again)}
        manifest.record(connection, project.dialect, PHOTOS.name, refused)


def named(path: str, images: ImageSet = PHOTOS) -> manifest.Named:
    found = images.reference(path)
    assert found is not None
    assert found.url is not None
    return manifest.Named(found.digest, found.url, path)


def key_of(path: str) -> str:
    return f"new/{path.rsplit('/', 1)[-1]}"


def notes(r: Rig) -> list[tuple[str, str]]:
    """Root key and URL of each note."""
    with r.new.connect() as connection:
        found = connection.execute(sa.select(image_wait.c.root_key, image_wait.c.original_url))
        return sorted((key.decode() if isinstance(key, bytes) else key, url) for key, url in found)
