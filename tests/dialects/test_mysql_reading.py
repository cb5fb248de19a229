"""A chunk of MariaDB arrives complete, or it is said that it did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import CHAR

from changeover.dialects import BlockTooLarge, driver_url
from changeover.dialects.mysql import MySQL
from changeover.types.written import LONG

UTF8 = "CHARACTER SET utf8mb4"
ODD = ["", "\\", "\t", "\n", "\r", "\\N", "NULL", "a\tb\nc\\\\d\r", "이름 😀 ", None]


@pytest.fixture
def connection(mariadb_url: str) -> Iterator[sa.Connection]:
    engine = MySQL().engine(driver_url(mariadb_url), "old", 1)
    with sa.create_engine(driver_url(mariadb_url)).begin() as plain:
        plain.exec_driver_sql(f"CREATE TABLE t (id INT PRIMARY KEY, body LONGTEXT {UTF8})")
        plain.execute(
            sa.text("INSERT INTO t VALUES (:id, :body)"), [{"id": n, "body": b} for n, b in enumerate(ODD)]
        )
        plain.engine.dispose()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as opened:
        yield opened
    engine.dispose()


def select(*more: sa.ColumnElement[Any], long: bool = False) -> sa.Select[Any]:
    table = sa.table("t", sa.column("id", sa.Integer), sa.column("body", LONG if long else sa.Text()))
    key = sa.cast(table.c.id, CHAR(charset="utf8mb4"))
    columns = [key.label("f0"), table.c.body.label("f1"), *(c.label(f"m{n}") for n, c in enumerate(more))]
    return sa.select(*columns).order_by(table.c.id)


def fill(connection: sa.Connection, statement: str) -> None:
    connection.exec_driver_sql("SET SESSION TRANSACTION READ WRITE")
    connection.exec_driver_sql(statement)


def test_every_text_arrives_as_it_is(connection: sa.Connection) -> None:
    block = MySQL().read(connection, select())

    assert block.rows == len(ODD)
    keys, texts = block.columns([0, 1])
    assert dict(zip(keys, texts, strict=True)) == {str(n): text for n, text in enumerate(ODD)}


def test_a_value_that_is_too_large_shows_though_its_warning_was_not_kept(connection: sa.Connection) -> None:
    """MySQL lets few accounts say how many warnings are kept."""
    connection.exec_driver_sql("SET SESSION max_error_count = 5")
    clipped = sa.func.concat("x", sa.cast(sa.literal_column("body"), sa.Integer))  # a warning for each
    large = sa.case(
        (sa.literal_column("id = 9"), sa.func.repeat("x", sa.literal_column("1 << 40"))), else_=""
    )

    with pytest.raises(BlockTooLarge):
        MySQL().read(connection, select(clipped, large))


def test_long_texts_arrive_as_they_are_and_cost_no_more_for_their_line_ends(
    connection: sa.Connection,
) -> None:
    texts = [
        "\n" * 3_000_000,  # the server's own REPLACE would take hours for it
        "".join(text or "" for text in ODD) * 500,
        "\\H0A" * 4_000,
        "한" * 4_000,
    ]
    for number, text in enumerate(texts, 100):
        fill(connection, "SELECT 1")
        connection.execute(sa.text("INSERT INTO t VALUES (:id, :body)"), {"id": number, "body": text})

    block = MySQL().read(connection, select(long=True))

    assert block.columns([1])[0] == [*ODD, *texts]


def test_a_constant_null_is_null(connection: sa.Connection) -> None:
    block = MySQL().read(connection, select(sa.null(), sa.literal("x", sa.Text())))

    assert block.columns([2, 3]) == [[None] * len(ODD), ["x"] * len(ODD)]


def test_no_rows_are_no_block(connection: sa.Connection) -> None:
    block = MySQL().read(connection, select().where(sa.literal_column("id") < 0))

    assert (block.data, block.rows) == (b"", 0)


@pytest.mark.parametrize("limit", [8, 20, 40, 60])
def test_rows_that_were_cut_are_not_used(connection: sa.Connection, limit: int) -> None:
    connection.exec_driver_sql(f"SET SESSION group_concat_max_len = {limit}")

    with pytest.raises(BlockTooLarge):
        MySQL().read(connection, select())


def test_a_text_that_only_its_escapes_make_too_long_is_not_taken_for_null(connection: sa.Connection) -> None:
    plain, escaped = 16_777_000, 150  # the server's max_allowed_packet is 16 MiB
    fill(connection, f"INSERT INTO t VALUES (100, CONCAT(REPEAT('x', {plain}), REPEAT('\\\\', {escaped})))")

    for long in (False, True):
        with pytest.raises(BlockTooLarge):
            MySQL().read(connection, select(long=long))
        block = MySQL().read(connection, select(long=long).where(sa.literal_column("id") == 100))

        assert block.rows == 1
        assert block.columns([1]) == [["x" * plain + "\\" * escaped]]
