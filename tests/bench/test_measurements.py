"""The measurements, on tables too small to measure anything: they run, and notice when somebody did not do the work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import capture, copying, core_peer
from bench.images import RCLONE, images
from bench.known_images import known_images
from bench.memory import memory
from bench.paging import paging
from bench.planning import planning
from bench.site import Database, Site, site

ROWS = 4_000


@pytest.fixture(scope="module")
def small() -> Iterator[Site]:
    with site(ROWS) as made:
        yield made


def test_copying_measures_everybody_and_a_second_run(small: Site) -> None:
    figures = {f.name: f for f in copying.copying(small, "sqlite", "sqlite", ROWS // 2, 1)}

    assert {"1 worker", copying.CORE, "1 worker / Core", "1 worker, all rows right"} <= set(figures)
    assert all(figure.value > 0 for figure in figures.values() if "processors" not in figure.name)


def test_a_contender_that_writes_nothing_is_found_out(small: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_peer, "copy", lambda *_: None)

    with pytest.raises(RuntimeError, match="expected"):
        copying.copying(small, "sqlite", "sqlite", ROWS // 2, 1)


@pytest.mark.long
def test_paging_compares_pages_of_every_sort_of_key(small: Site) -> None:
    figures = paging(small, "sqlite")

    assert [f.bound for f in figures if "last / first" in f.name] == ["at most"] * 3
    assert all(figure.value > 0 for figure in figures)


def test_planning_plans_all_rows(small: Site) -> None:
    figures = {f.name: f for f in planning(small, "sqlite", 1)}

    assert figures["sqlite"].value > 0
    assert figures["sqlite: peak memory"].value > 10


@pytest.mark.long  # and needs programs that the other tests do not
def test_carrying_images_is_measured_beside_rclone_near_and_far() -> None:
    figures = {f"{f.group}: {f.name}": f for f in images(1, 40)}

    near, far = "images, near: ", "images, 50 ms away: "
    assert {f"{near}16 workers", f"{near}{RCLONE}", f"{far}64 workers", f"{far}{RCLONE}"} <= set(figures)
    assert all(figure.value > 0 for figure in figures.values() if "processors" not in figure.name)


def test_a_second_run_over_known_images_is_measured_without_asking_for_one(small: Site) -> None:
    figures = {f.name: f for f in known_images(small, "sqlite", 300)}

    assert figures["second run: the program's processors"].bound == "at most"
    assert figures["second run"].value > 0


@pytest.mark.long
def test_memory_is_that_of_worker_processes(small: Site) -> None:
    figures = {f.name: f for f in memory(small, "sqlite")}

    assert figures["engine: 4,000 rows"].value > 10
    assert figures["Dagster run: 4,000 rows"].value > figures["engine: 4,000 rows"].value
    assert 0.8 < figures["engine: large / small"].value < 1.25


@pytest.mark.long
@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_capture_is_measured_with_and_without_an_outbox(
    small: Site, kind: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "SINGLE", 100)
    monkeypatch.setattr(capture, "CALM_SECONDS", 2.0)
    monkeypatch.setattr(capture, "ONE_BY_ONE", 50)
    figures = {f.name: f for f in capture.capture(small, kind, 1)}

    assert figures["autocommit insert: with / without"].value > 0
    assert figures["bulk delete: with / without"].value > 0
    assert figures["before the backfill, p95"].value >= 0
    assert figures["during the backfill, p95"].bound == "at most"
    assert figures["queue / one apply per row"].value > 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new"), [("mariadb", "mariadb"), ("postgres", "postgres"), ("mariadb", "postgres")]
)
def test_copying_works_between_servers(small: Site, old: str, new: str) -> None:
    figures = {f.name for f in copying.copying(small, old, new, ROWS // 2, 1)}  # type: ignore[arg-type]

    assert {"2 workers", "2 workers / Core", "2 workers, all rows right"} <= figures
    assert (copying.FLOORS[2] in figures) == ((old, new) == ("mariadb", "mariadb"))
