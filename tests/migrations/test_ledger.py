"""The ledger's revision makes exactly the tables that the engine works with, on every database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from changeover.ledger import LEDGER_VERSION, metadata
from changeover.ledger.version import check_version

ROOT = Path(__file__).parents[2]


def _config(connection: sa.Connection) -> Config:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config


@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])
def test_the_revision_and_the_engines_tables_are_the_same(kind: str, database: Callable[..., str]) -> None:
    engine = sa.create_engine(database(kind))
    with engine.connect() as connection:
        command.upgrade(_config(connection), "ledger@head")
    check_version(engine)

    def ours(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        del item, reflected, other
        return kind != "table" or ((name or "").startswith("changeover_") and name != "changeover_version")

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": ours, "version_table": "changeover_version", "compare_type": False},
        )
        differences = compare_metadata(context, metadata)
        versions = connection.execute(sa.text("SELECT version_num FROM changeover_version")).scalars().all()
    assert differences == []
    assert LEDGER_VERSION in versions
    with engine.connect() as connection:
        command.downgrade(_config(connection), "ledger@base")
    assert not [name for name in sa.inspect(engine).get_table_names() if name in metadata.tables]
    engine.dispose()
