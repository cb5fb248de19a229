"""Keys of an old SQLite, which stores them as it is told to: each row is met once, or the table is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from changeover.dialects import of
from changeover.errors import NoUsableKey
from changeover.keyset.walk import page_end
from changeover.mapping import Assigned, Keep, Mapping, lookup, narrow, old
from changeover.planning import plan
from changeover.transfer import reapply
from changeover.types.datetime import Datetime
from tests.transfer.rig import KINDS, Rig, assert_settled, copy, counts

BEGIN = dt.datetime.fromisoformat("2020-01-01")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")


@pytest.mark.parametrize("kind", KINDS)
def test_decimal_keys_beyond_a_double_s_digits_are_told_apart(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind, shop="sqlite")
    for engine in (r.old, r.new):
        r.run(engine, "CREATE TABLE t (id DECIMAL(18,0) NOT NULL PRIMARY KEY, v VARCHAR(9))")
    with r.old.begin() as connection:
        rows = [{"id": 9007199254740993 + 2 * n, "v": f"v{n}"} for n in range(100)]
        connection.execute(sa.text("INSERT INTO t VALUES (:id, :v)"), rows)
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    done = copy(project, rows_per_range=30)
    assert [one.range.rows_planned for one in done] == [30, 30, 30, 10]
    assert len(r.rows("t")) == 100
    assert_settled(project, done)


@pytest.mark.parametrize("kind", KINDS)
def test_dates_are_walked_as_they_are_spelled(rig: Callable[..., Rig], kind: str) -> None:
    """SQLAlchemy writes six digits of a second, other programs none, a T or a Z."""
    r = rig(kind, shop="sqlite")
    tables = [
        sa.Table(
            "reading",
            sa.MetaData(),
            sa.Column("at", MOMENT, primary_key=True),
            sa.Column("v", sa.String(9)),
        )
        for _ in range(2)
    ]
    for engine, table in zip((r.old, r.new), tables, strict=True):
        table.create(engine)
    with r.old.begin() as connection:
        connection.execute(
            tables[0].insert(), [{"at": BEGIN + dt.timedelta(hours=n), "v": f"v{n}"} for n in range(100)]
        )
        connection.exec_driver_sql(
            "INSERT INTO reading VALUES ('2019-01-01 00:00:00', 'a'), ('2019-01-01T01:00', 'b')"
        )
    reading = old("shop", "reading")
    project = r.project(Mapping("reading", reading, {"v": reading.v}))
    done = copy(project, rows_per_range=30)
    assert [one.range.rows_planned for one in done] == [30, 30, 30, 12]
    assert len(r.rows(tables[1])) == 102
    assert_settled(project, done)
    r.run(r.old, "DELETE FROM reading WHERE at = '2020-01-01 05:00:00.000000'")
    assert counts(copy(project), "deleted") == (1,)


def test_rows_are_found_again_and_looked_up_by_dates_as_they_are_spelled(rig: Callable[..., Rig]) -> None:
    r = rig("sqlite")
    r.run(
        r.old,
        "CREATE TABLE day (at DATETIME NOT NULL PRIMARY KEY, v VARCHAR(9))",
        "INSERT INTO day VALUES ('2020-01-01 00:00:00.000000', 'long'), ('2020-01-02 00:00:00', 'b')",
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, day DATETIME)",
        "INSERT INTO visit VALUES (1, '2020-01-01 00:00:00.000000'), (2, '2020-01-02 00:00:00')",
    )
    r.run(
        r.new,
        "CREATE TABLE day (id INTEGER PRIMARY KEY AUTOINCREMENT, v VARCHAR(2))",
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, day_id INTEGER NOT NULL)",
    )
    day, visit = old("shop", "day"), old("shop", "visit")
    project = r.project(
        Mapping("day", day, {"v": narrow(day.v)}, ids=Assigned()),
        Mapping("visit", visit, {"day_id": lookup("day", visit.day)}, ids=Keep()),
    )
    copy(project)
    assert r.rows("visit", "id") == [(2,)]
    r.run(r.old, "UPDATE day SET v = 'a' WHERE v = 'long'")
    reapply(project)
    assert r.rejects() == []
    assert len(r.rows("visit")) == 2


@pytest.mark.parametrize(
    ("declared", "values", "said"),
    [
        ("k VARCHAR(40) NOT NULL PRIMARY KEY", "'a', x'62'", "column k: some rows .* stores as blob"),
        ("k INT NOT NULL PRIMARY KEY", "1, 's3cret'", "column k: some rows .* stores as text"),
        ("k DECIMAL(10,2) NOT NULL PRIMARY KEY", "1.5, 's3cret'", "column k: some rows .* stores as text"),
        ("k BLOB NOT NULL PRIMARY KEY", "x'00', 's3cret'", "column k: some rows .* stores as text"),
        ("k VARCHAR(40) PRIMARY KEY", "'a', NULL", "have NULL in their key"),
        (
            "k INT, j INT DEFAULT 1, PRIMARY KEY (k, j)",
            "1, 's3cret'",
            "column k: some rows .* stores as text",
        ),
    ],
)
def test_a_key_that_no_page_would_find_is_refused(
    rig: Callable[..., Rig], declared: str, values: str, said: str
) -> None:
    r = rig("sqlite")
    r.run(r.old, f"CREATE TABLE t (v INT, {declared})")
    for value in values.split(", "):
        r.run(r.old, f"INSERT INTO t (k, v) VALUES ({value}, 1)")
    r.run(r.new, f"CREATE TABLE t (v INT, {declared})")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    with pytest.raises(NoUsableKey, match=rf"table shop\.t.*{said}") as raised:
        plan(project, "shop.t")
    assert "s3cret" not in str(raised.value)


def test_a_fraction_among_whole_keys_is_named_without_its_value(rig: Callable[..., Rig]) -> None:
    r = rig("sqlite")
    for engine in (r.old, r.new):
        r.run(engine, "CREATE TABLE t (k INT NOT NULL PRIMARY KEY, v INT)")
    r.run(r.old, "INSERT INTO t VALUES (1, 1), (2.75, 1), (3, 1)")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    with pytest.raises(NoUsableKey, match="key column k") as raised:
        plan(project, "shop.t", rows_per_range=1)
    assert "2.75" not in str(raised.value)


def test_a_page_that_ends_where_it_began_ends_the_walk(rig: Callable[..., Rig]) -> None:
    r = rig("sqlite")
    for engine in (r.old, r.new):
        r.run(engine, "CREATE TABLE t (k DATETIME NOT NULL PRIMARY KEY, v INT)")
    r.run(r.old, "INSERT INTO t VALUES ('2020-01-01 00:00:00.000000', 1)")
    t = old("shop", "t")
    move = r.project(Mapping("t", t, {"v": t.v})).move("shop.t")
    canonical = replace(
        move.key, columns=(replace(move.key.columns[0], kind=Datetime(6, "sqlite"), raw=False),)
    )
    engine = of(r.old_urls["shop"]).engine(r.old_urls["shop"], "old", 1)
    with engine.connect() as connection:
        first = page_end(connection, of(engine), t, canonical, None, None, 1)
        with pytest.raises(NoUsableKey, match="does not compare with its own text"):
            page_end(connection, of(engine), t, canonical, first, None, 1)
    engine.dispose()
