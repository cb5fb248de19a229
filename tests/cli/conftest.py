"""A small shop on real databases, in a folder of its own, and the two ways to give commands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.shop import Shop


@pytest.fixture
def shop(
    database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Shop]]:
    """Makes a shop: `shop(old="sqlite", new="sqlite", products=100)`. Commands of this process run in its folder.

    With ``new=None`` its new tables stand in the old database.
    """
    made: list[Shop] = []

    def make(old: str = "sqlite", new: str | None = "sqlite", products: int = 100) -> Shop:
        old_url = database(old, "old")
        new_url = database(new, "new") if new else old_url
        one = Shop(tmp_path / f"project_{len(made)}", old_url, new_url)
        made.append(one)
        one.build(products)
        monkeypatch.chdir(one.folder)
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        return one

    yield make
    for one in made:
        one.close()
