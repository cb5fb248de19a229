"""Fixtures for the moving of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import shop
from tests.transfer.rig import Rig, rigged

__all__ = ["rig", "shop"]


@pytest.fixture
def rig(database: Callable[..., str]) -> Iterator[Callable[..., Rig]]:
    with rigged(database) as make:
        yield make
