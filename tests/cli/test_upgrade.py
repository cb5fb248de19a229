"""`changeover upgrade`: the ledger, and nothing else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from changeover.ledger import LEDGER_VERSION, metadata

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


@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])
@pytest.mark.parametrize("done", [0, 1, 3, 5])
def test_an_interrupted_upgrade_is_said_to_be_one_and_gone_on_with(shop, kind, done):
    one = shop(new=kind)
    one.run("upgrade")
    whole = _described(one)
    # On MariaDB and SQLite each statement commits by itself: the version is noted last.
    one.execute("DELETE FROM changeover_version", new=True)
    for table in reversed(metadata.sorted_tables[done:]):
        one.execute(f"DROP TABLE {table.name}", new=True)
    if done:
        last = next((t for t in reversed(metadata.sorted_tables[:done]) if t.indexes), None)
        for index in last.indexes if last is not None else ():
            index.drop(one.new)
    refused = one.run("plan", "--json")
    assert refused.code == 2
    said = refused.document["error"]["message"]
    assert refused.document["error"]["kind"] == "LedgerMissing"
    assert ("was interrupted" if done else "has no ledger") in said
    assert "changeover upgrade" in said
    assert one.run("upgrade").code == 0
    assert _described(one) == whole
    assert one.run("backfill").code == 0


def test_what_stands_in_the_ledger_survives_an_upgrade_that_goes_on(shop):
    one = shop()
    one.run("upgrade")
    one.run("backfill")
    one.execute("DELETE FROM changeover_version", new=True)
    assert one.run("upgrade").code == 0
    assert {t["state"] for t in one.run("status", "--json").document["tables"]} == {"done"}


def test_a_ledger_of_a_newer_changeover_needs_the_newer_changeover(shop):
    one = shop()
    one.run("upgrade")
    one.execute("UPDATE changeover_version SET version_num = 'ledger_9999'", new=True)
    for command in ("plan", "backfill", "status", "upgrade"):
        ended = one.run(command)
        assert ended.code == 2, command
        assert "ledger_9999" in ended.err
        assert "install the newer Changeover" in ended.err
        assert "changeover upgrade`" not in ended.err


def test_an_older_ledger_is_upgraded_and_one_that_lost_a_table_is_not_made_anew(shop):
    one = shop()
    one.run("upgrade")
    one.execute("UPDATE changeover_version SET version_num = 'ledger_0000'", new=True)
    assert "run `changeover upgrade`" in one.run("plan").err
    one.execute(f"UPDATE changeover_version SET version_num = '{LEDGER_VERSION}'", new=True)
    one.execute("DROP TABLE changeover_id_map", new=True)
    for command in ("plan", "upgrade"):
        ended = one.run(command)
        assert ended.code == 2
        assert "has lost changeover_id_map" in ended.err
    assert "changeover_id_map" not in sa.inspect(one.new).get_table_names()


def _described(shop):
    """Tables and indexes of the ledger."""
    inspector = sa.inspect(shop.new)
    there = LEDGER & set(inspector.get_table_names())
    return {table: sorted(str(index["name"]) for index in inspector.get_indexes(table)) for table in there}
