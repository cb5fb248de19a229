"""The revisions of the new schema, up and down, on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event, exc

ROOT = Path(__file__).parents[2]
TABLES = {
    *("member", "category", "product", "product_detail", "coupon", "orders", "order_line"),
    *("post", "comment", "study", "participation", "focus_session"),
}
VERSIONS = "changeover_version"


@pytest.fixture(params=["sqlite", "mariadb", "postgres"])
def engine(request: pytest.FixtureRequest, database: Callable[..., str]) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database(request.param, "new"))
    yield engine
    engine.dispose()


def alembic(engine: sa.Engine, action: Callable[[Config, str], None], revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        action(config, revision)


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def test_it_goes_up_and_down_and_up_again(engine: sa.Engine) -> None:
    alembic(engine, command.upgrade, "heads")
    assert tables(engine) >= TABLES
    alembic(engine, command.downgrade, "base")
    assert tables(engine) == {VERSIONS}
    if engine.dialect.name == "postgresql":
        assert sa.inspect(engine).get_enums() == []  # type: ignore[attr-defined]
    alembic(engine, command.upgrade, "heads")
    assert tables(engine) >= TABLES


def test_the_samples_come_and_go_without_the_control_tables(engine: sa.Engine) -> None:
    alembic(engine, command.upgrade, "heads")
    both = tables(engine)
    alembic(engine, command.downgrade, "schema@base")
    assert tables(engine) == both - TABLES


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("member", {"email": "Upper@mail.example"}),
        ("member", {"email": "a@mail.example", "grade": "gold plate"}),
        ("study", {"owner_id": 999, "title": "t", "status": "planned", "progress": 1}),
        ("category", {"code": "A", "name": "n", "level": 9, "is_visible": True}),
    ],
    ids=["upper-case email", "unknown grade", "owner who is not there", "level out of range"],
)
def test_what_does_not_fit_is_refused(engine: sa.Engine, table: str, values: dict[str, object]) -> None:
    alembic(engine, command.upgrade, "heads")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
        engine.dispose()
    rest = {"focus_minutes": 25, "break_minutes": 5, "is_public": True} if table == "study" else {}
    stamped = {"created_at": "2023-01-01 00:00:00"} if table != "member" else {}
    row = {**values, **rest, **stamped}
    named = sa.table(table, *map(sa.column, row))
    with pytest.raises(exc.DBAPIError), engine.begin() as connection:
        connection.execute(named.insert().values(**row))


def test_a_missing_url_is_said_plainly() -> None:
    with pytest.raises(CommandError, match="CHANGEOVER_NEW_URL is not set"):
        command.upgrade(Config(ROOT / "alembic.ini"), "heads")
