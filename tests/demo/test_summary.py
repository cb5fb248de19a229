"""What the demo says of a new database that somebody meddled with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from changeover.dialects import driver_url
from changeover.ledger.status import table_status
from changeover.mapping import load
from changeover.project import Project
from changeover.settings import Settings
from demo.run import exit_code
from demo.summary import TableResult, summarise, table_of, words_of
from pipelines.launch import Launched
from tests.demo.migrated import compare_everything, move_everything, samples

POST = "NULL, 'x', 'free', 'x', 'x', 0, 0, 0, 0, 0, 0, '2024-01-01 00:00:00', NULL FROM post"
RUNS = (Launched("member", "1", "SUCCESS"),)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The samples on SQLite, moved; the new database is copied before it is meddled with."""
    folder = tmp_path_factory.mktemp("samples")
    with samples(lambda _, name: f"sqlite:///{folder / name}.db", "sqlite", "sqlite", 0.02) as project:
        move_everything(project)
        old = {name: schema.engine.url for name, schema in project.old.items()}
        return Settings(old, project.new.engine.url, "assets")


@pytest.fixture
def project(moved: Settings, tmp_path: Path) -> Iterator[Project]:
    copied = tmp_path / "new.db"
    shutil.copy(str(moved.new_url.database), copied)
    with Project.open(load("assets"), replace(moved, new_url=driver_url(f"sqlite:///{copied}"))) as made:
        yield made


def look(project: Project) -> dict[str, TableResult]:
    results = summarise(project, compare_everything(project), table_status(project))
    return {result.target: result for result in results}


def test_what_was_moved_right_is_a_success(project: Project) -> None:
    results = look(project)
    assert exit_code(list(results.values()), RUNS) == 0
    assert results["member"].shared > 0
    assert results["coupon"].old > results["coupon"].wanted == results["coupon"].new
    assert "are the same" in words_of(list(results.values()), 1.0)[-1]


MEDDLING: dict[str, tuple[str, str, Callable[[TableResult], int]]] = {
    "a value was changed": (
        "UPDATE coupon SET name = name || '!' WHERE id = (SELECT max(id) FROM coupon)",
        "coupon",
        lambda result: result.different,
    ),
    "a row was deleted": (
        "DELETE FROM focus_session WHERE id = (SELECT min(id) FROM focus_session)",
        "focus_session",
        lambda result: result.missing,
    ),
    "a row was added among the old keys": (
        f"INSERT INTO post SELECT min(id) - 1, {POST}",
        "post",
        lambda result: result.extra,
    ),
    "a row was added beyond the old keys": (
        f"INSERT INTO post SELECT max(id) + 9999, {POST}",
        "post",
        lambda result: result.extra,
    ),
    "a member was added that no old database has": (
        "INSERT INTO member (email) VALUES ('new@example.com')",
        "member",
        lambda result: result.extra,
    ),
}


@pytest.mark.parametrize("name", MEDDLING)
def test_a_broken_row_is_a_failure(project: Project, name: str) -> None:
    statement, target, counted = MEDDLING[name]
    with project.new.engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount == 1
    results = look(project)
    assert counted(results[target]) == 1
    assert [result.target for result in results.values() if not result.ok] == [target]
    assert exit_code(list(results.values()), RUNS) == 1
    assert target in words_of(list(results.values()), 1.0)[-1]


@pytest.mark.parametrize("width", [80, 240])
def test_no_number_is_cut_on_a_terminal(project: Project, width: int) -> None:
    results = list(look(project).values())
    results[0] = replace(results[0], old=71_234_567, wanted=71_234_567, new=71_234_567, same=71_234_567)
    output = StringIO()
    Console(width=width, file=output).print(table_of(results, width))
    shown = output.getvalue()
    assert "…" not in shown
    assert shown.count("71,234,567") == 4
    assert all(line.rstrip().endswith("ok") for line in shown.splitlines()[2:])


def test_a_failed_run_is_a_failure(project: Project) -> None:
    results = list(look(project).values())
    assert exit_code(results, (*RUNS, Launched("coupon", "2", "FAILURE"))) == 1
    assert exit_code(results, ()) == 1
    assert exit_code([], RUNS) == 1
