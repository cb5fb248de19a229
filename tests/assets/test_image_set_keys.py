"""What image sets are called in Dagster."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from assets.component import components
from assets.image_set import galleries
from changeover.mapping import Assigned, ImageSet, Mapping, Registry, image, old

FACES = ImageSet("faces", folder=Path("faces"), base="http://img.example/")
COVERS = ImageSet("covers", folder=Path("covers"), base="http://img.example/")


def pictured(target: str, table: str, images: ImageSet) -> Mapping:
    """A mapping whose rows name pictures, and share the target's row by their name."""
    root = old("shop", table)
    columns = {"name": root.nm, "picture": image(root.img, images=images)}
    return Mapping(target, root, columns, ids=Assigned(match=("name",)), domain="shop")


def test_a_set_of_several_tables_is_called_after_each_of_them_a_merged_one_too() -> None:
    registry = Registry(
        (
            pictured("person", "tb_member", FACES),
            pictured("person", "tb_staff", FACES),
            pictured("author", "tb_author", FACES),
            pictured("book", "tb_book", COVERS),
        )
    )
    assert {found.key for found in galleries(components(registry))} == {
        dg.AssetKey(["images", "faces", "person"]),
        dg.AssetKey(["images", "faces", "author"]),
        dg.AssetKey(["images", "covers"]),
    }
