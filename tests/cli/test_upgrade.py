"""`changeover upgrade`: the ledger, and nothing else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from changeover.ledger import metadata

LEDGER = set(metadata.tables)


@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])
def test_the_ledger_is_created_beside_the_tables_that_are_there(shop, kind):
    one = shop(new=kind)
    before = set(sa.inspect(one.new).get_table_names())
    ended = one.run("upgrade")
    assert ended.code == 0, ended
    assert set(sa.inspect(one.new).get_table_names()) == before | LEDGER | {"changeover_version"}


def test_a_second_time_nothing_happens_and_rows_of_the_ledger_stay(shop):
    one = shop()
    one.run("upgrade")
    one.run("plan")
    planned = one.scalar("SELECT COUNT(*) FROM changeover_range")
    ended = one.run("upgrade", "--json")
    assert (ended.code, ended.document["ok"]) == (0, True)
    assert one.scalar("SELECT COUNT(*) FROM changeover_range") == planned > 0


@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])
def test_sql_is_printed_and_not_run_and_works_when_an_administrator_runs_it(shop, kind):
    one = shop(new=kind)
    ended = one.run("upgrade", "--sql")
    assert ended.code == 0
    assert "changeover_range" not in sa.inspect(one.new).get_table_names()
    with one.new.begin() as connection:
        for statement in ended.out.split(";\n"):
            words = statement.strip()
            if words and words not in ("BEGIN", "COMMIT"):
                connection.exec_driver_sql(words.replace("%", "%%"))
    assert set(sa.inspect(one.new).get_table_names()) >= LEDGER
    assert one.run("plan").code == 0


def test_the_applications_own_migrations_are_left_alone(shop):
    one = shop()
    one.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)", new=True)
    one.execute("INSERT INTO alembic_version VALUES ('theirs')", new=True)
    assert one.run("upgrade").code == 0
    assert one.scalar("SELECT version_num FROM alembic_version") == "theirs"
    assert one.run("plan").code == 0
