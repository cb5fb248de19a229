"""What is found in the declaration of images."""

from __future__ import annotations

import pytest

from changeover.mapping import ImageSet, Mapping, image, old
from tests.check.conftest import Check, only

ROOT = old("old", "tb_item")
OLD = "CREATE TABLE tb_item (id INT PRIMARY KEY, v VARCHAR(200) NOT NULL)"
PHOTOS = ImageSet("photos", hosts=("img.example",), prefix="product/")
CDN = "https://cdn.example/"


@pytest.mark.parametrize(
    ("kind", "declared", "says"),
    [
        ("sqlite", "VARCHAR(102) NOT NULL", "has 103 characters"),
        ("sqlite", "INTEGER NOT NULL", "become text"),
        ("mariadb", "VARCHAR(102) NOT NULL", "has 103 characters"),
        ("postgres", "INTEGER NOT NULL", "become text"),
    ],
)
def test_a_column_must_hold_what_images_become(check_on: Check, kind: str, declared: str, says: str) -> None:
    mapping = Mapping("item", ROOT, {"v": image(ROOT.v, images=PHOTOS, url_prefix=CDN)})
    found = only(
        check_on(mapping, old=OLD, new=f"CREATE TABLE item (id INT PRIMARY KEY, v {declared})", kind=kind)
    )
    assert (found.rule, found.column, says in found.message) == ("image-misfit", "v", True)
    wide = "CREATE TABLE item (id INT PRIMARY KEY, v VARCHAR(200) NOT NULL)"
    assert check_on(mapping, old=OLD, new=wide, kind=kind) == []


def test_a_prefix_counts_as_it_stands_in_urls(check_on: Check) -> None:
    photos = ImageSet("photos", hosts=("img.example",), prefix="상품/")

    def found(width: int, url_prefix: str) -> list[str]:
        mapping = Mapping("item", ROOT, {"v": image(ROOT.v, images=photos, url_prefix=url_prefix)})
        new = f"CREATE TABLE item (id INT PRIMARY KEY, v VARCHAR({width}) NOT NULL)"
        return [one.rule for one in check_on(mapping, old=OLD, new=new)]

    assert (found(78, ""), found(77, "")) == ([], ["image-misfit"])
    assert (found(114, CDN), found(113, CDN)) == ([], ["image-misfit"])


def test_a_list_may_become_json(check_on: Check) -> None:
    mapping = Mapping("item", ROOT, {"v": image(ROOT.v, images=PHOTOS, form="json")})
    new = "CREATE TABLE item (id INT PRIMARY KEY, v JSONB NOT NULL)"
    assert check_on(mapping, old=OLD, new=new, kind="postgres") == []


def test_one_name_is_one_declaration(check_on: Check) -> None:
    other = ImageSet("photos", hosts=("img.example",), prefix="other/")
    made = {"v": image(ROOT.v, images=PHOTOS), "w": image(ROOT.v, images=other)}
    new = "CREATE TABLE item (id INT PRIMARY KEY, v VARCHAR(200) NOT NULL, w VARCHAR(200) NOT NULL)"
    found = only(check_on(Mapping("item", ROOT, made), old=OLD, new=new))
    assert (found.rule, found.column) == ("image-sets-differ", "w")
    same = ImageSet("photos", hosts=("img.example",), prefix="product/")
    made["w"] = image(ROOT.v, images=same)
    assert check_on(Mapping("item", ROOT, made), old=OLD, new=new) == []
