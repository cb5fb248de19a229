"""Which files of a package of domains are looked into, and what is said of a mapping in another."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from changeover.errors import ConfigurationError, MappingError
from changeover.mapping import load

MAKES = """
from changeover.mapping import Mapping, constant, old
made = Mapping({target!r}, old("shop", {target!r}), {{"one": constant(1)}})
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one domain and one mapping."""
    folder = tmp_path / f"moves_{uuid.uuid4().hex[:12]}"  # a package is imported once in a process
    write(folder, "__init__.py", "")
    write(folder, "shop/__init__.py", "")
    write(folder, "shop/order.py", MAKES.format(target="order"))
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_mappings_of_modules_in_the_folder_of_a_domain_are_loaded(package: Path) -> None:
    write(package, "shop/by-hand.py", MAKES.format(target="by_hand"))
    write(package, "board/__init__.py", MAKES.format(target="board"))
    assert {(m.target, m.domain) for m in load(package).mappings} == {
        ("order", "shop"),
        ("by_hand", "shop"),
        ("board", "board"),
    }


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("product.py", "<domain>/product.py"),
        ("__init__.py", "<domain>/__init__.py"),
        ("club/product.py", "__init__.py into the folder"),
        ("club/deeper/product.py", "__init__.py into the folder"),
        ("shop/deeper/product.py", "move it up"),
        ("shop/old.tables/product.py", "move it up"),
        ("old.club/product.py", "name that Python can import"),
        ("shop/product.v2.py", "name that Python can import"),
    ],
)
def test_a_mapping_in_a_file_that_is_not_loaded_is_an_error_with_a_remedy(
    package: Path, name: str, remedy: str
) -> None:
    file = write(package, name, MAKES.format(target="product"))
    with pytest.raises(MappingError) as refused:
        load(package)
    assert str(file) in str(refused.value)
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "import changeover.mapping\nmade = [changeover.mapping.Mapping('a', None, {}) for _ in range(2)]",
        "from changeover import mapping as m\nif True:\n    made = m.Mapping('a', None, {})",
        "from changeover.mapping import Mapping as Table\nclass Tables:\n    made = Table('a', None, {})",
        "from changeover.mapping import *\nmade = Mapping('a', None, {})",
        "from changeover.mapping import Mapping\nmade = = Mapping()",
    ],
)
def test_a_mapping_is_known_however_it_is_written(package: Path, text: str) -> None:
    write(package, "shop/deeper/more.py", text)
    with pytest.raises(MappingError, match=r"more\.py"):
        load(package)


@pytest.mark.parametrize(
    "text",
    [
        "from changeover.mapping import old\nproduct = old('shop', 'product')",
        "from changeover.mapping import Mapping\ndef names(mapping: Mapping) -> list[str]:\n    return list(mapping.made)",
        "from changeover.mapping import Mapping\ndef audited(root):\n    return Mapping('a', root, {})",
        "from collections.abc import Mapping  # not changeover's\nclass Own(Mapping):\n    pass",
        "raise SystemExit('it is not run')",
    ],
)
def test_a_module_that_makes_none_may_stand_anywhere_and_is_not_run(package: Path, text: str) -> None:
    for name in ("pieces.py", "lib/pieces.py", "shop/deeper/pieces.py", "shop/deeper/.hidden/pieces.py"):
        write(package, name, text)
    assert [m.target for m in load(package).mappings] == ["order"]


def test_a_mapping_that_a_module_of_a_domain_imports_may_stand_anywhere(package: Path) -> None:
    write(package, "base.py", MAKES.format(target="base"))
    write(package, "shop/deeper/more.py", MAKES.format(target="more"))
    write(
        package,
        "shop/all.py",
        f"from {package.name}.base import made as base\nfrom .deeper.more import made as more",
    )
    assert {m.target for m in load(package).mappings} == {"order", "base", "more"}


@pytest.mark.parametrize("name", ["no_such_package", "no.such.package", "tests.no_such"])
def test_a_package_that_is_not_there_is_no_mapping_gone_wrong(name: str) -> None:
    with pytest.raises(ConfigurationError, match="can't be imported"):
        load(name)
