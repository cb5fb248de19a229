"""Every column type against every other, between real databases: nothing changes without notice."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from changeover.types.base import Family
from changeover.types.float import Float
from changeover.types.json import Json
from demo.servers import MariaDB, PostgreSQL
from tests.types.matrix import PAGE, page
from tests.types.rig import Side
from tests.types.trial import Trial, attempt

FAMILIES: tuple[Family, ...] = ("mysql", "postgresql", "sqlite")


@pytest.fixture(scope="module")
def sides(
    mariadb_server: MariaDB, postgres_server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Generator[dict[Family, Side]]:
    file: Path = tmp_path_factory.mktemp("matrix") / "matrix.db"
    mariadb_server.start()
    postgres_server.start()
    urls: dict[Family, str] = {
        "mysql": mariadb_server.create_database("matrix"),
        "postgresql": postgres_server.create_database("matrix"),
        "sqlite": f"sqlite:///{file}",
    }
    made: dict[Family, Side] = {family: Side(family, url) for family, url in urls.items()}
    for side in made.values():
        side.build()
    yield made
    mariadb_server.drop_database("matrix")
    postgres_server.drop_database("matrix")


@pytest.mark.parametrize("new", FAMILIES)
@pytest.mark.parametrize("old", FAMILIES)
def test_every_value_arrives_unchanged_or_is_rejected_with_a_reason(
    sides: dict[Family, Side], old: Family, new: Family
) -> None:
    kept, problems, respelled = 0, list[str](), list[str]()
    with sides[old].reading() as reading, sides[new].writing() as writing:
        for source in sides[old].columns:
            for target in sides[new].columns:
                trial = attempt(sides[old], source, sides[new], target, (reading, writing))
                kept += trial.kept
                problems += trial.problems
                respelled += [] if _may_be_respelled(trial, old == new) else trial.respelled
                problems += [f"rejected without a reason: {one}" for one in trial.unnamed]
    assert not problems, "\n".join(problems)
    assert kept > 300
    assert not respelled, "a checksum would see other texts of equal values:\n" + "\n".join(respelled)


def _may_be_respelled(trial: Trial, alike: bool) -> bool:
    """Doubles, and documents that are taken apart, are spelled by each database in its own way."""
    kind = trial.target.kind
    if isinstance(kind, Json):
        return kind.normalises
    return isinstance(kind, Float) and not (alike and isinstance(trial.source.kind, Float))


def test_the_published_matrix_is_the_one_that_is_tried(sides: dict[Family, Side]) -> None:
    published = PAGE.read_text() if PAGE.exists() else ""
    assert published == page(list(sides.values())), (
        "run: python -m tests.types.matrix > docs/reference/type-matrix.md"
    )
