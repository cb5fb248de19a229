"""The remains of the earlier bulk copy in the new database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from demo.old import build, seed_new

SCALE = 0.1
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "mariadb", "postgres"])
def new(request: pytest.FixtureRequest, database: Callable[..., str]) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database(request.param, "new"))
    config = Config(ROOT / "alembic.ini")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "schema@head")
    yield engine
    engine.dispose()


def test_the_copy_has_drifted_as_it_says(new: sa.Engine, sqlite_url: str) -> None:
    old = sa.create_engine(sqlite_url)
    build("community", old, SCALE)
    copied = seed_new(new, SCALE)
    was = dict(rows(old, "SELECT cmt_no, cont FROM cm_comment"))
    now = dict(rows(new, "SELECT id, body FROM comment"))
    posts = {post for (post,) in rows(new, "SELECT id FROM post")}
    half = {number for number, post in rows(old, "SELECT cmt_no, post_no FROM cm_comment") if post in posts}
    assert len(now) == copied.comments
    assert sum(was[number] != body for number, body in now.items() if number in was) == copied.edited > 0
    assert len(now.keys() - was.keys()) == copied.erased > 0
    assert len(half - now.keys()) == copied.missing > 0


def test_the_copy_points_to_what_is_there(new: sa.Engine) -> None:
    seed_new(new, SCALE)
    for child, column, parent in (
        ("post", "author_id", "member"),
        ("comment", "author_id", "member"),
        ("comment", "post_id", "post"),
        ("comment", "parent_id", "comment"),
    ):
        lost = rows(
            new,
            f"SELECT count(*) FROM {child} c LEFT JOIN {parent} p ON p.id = c.{column} "
            f"WHERE c.{column} IS NOT NULL AND p.id IS NULL",
        )
        assert lost == [(0,)], (child, column)
        assert rows(new, f"SELECT count(*) FROM {child} WHERE {column} IS NOT NULL") != [(0,)]


def test_the_new_application_goes_on_with_ids_above_the_copy(new: sa.Engine) -> None:
    seed_new(new, SCALE)
    member = sa.table("member", sa.column("email"))
    with new.begin() as connection:
        connection.execute(member.insert().values(email="next@mail.example"))
        ids = connection.execute(sa.text("SELECT id FROM member ORDER BY id DESC LIMIT 2")).all()
    assert ids[0].id == ids[1].id + 1


def rows(engine: sa.Engine, statement: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]
