from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.capture.direct_scene import OneServer, Sites
from tests.transfer.rig import Rig, rigged


@pytest.fixture
def rig(database: Callable[..., str]) -> Iterator[Callable[..., Rig]]:
    with rigged(database) as make:
        yield make


@pytest.fixture
def site(database: Callable[..., str]) -> Iterator[Sites]:
    made: list[OneServer] = []

    def make(kind: str) -> OneServer:
        made.append(OneServer(database, kind))
        return made[-1]

    yield make
    for one in made:
        one.close()
