"""A value that is compared as a value is found different wherever its text would be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from changeover.dialects import driver_url
from changeover.dialects.mysql import MySQL
from changeover.types.base import Kind
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.integer import Integer

INT, BIG, UNSIGNED = Integer(32), Integer(64), Integer(64, unsigned=True)
MONEY, FINE, WIDE = Decimal(10, 2), Decimal(12, 4), Decimal(65, 0)
SECONDS, MICROS, DAY = Datetime(0, "mysql"), Datetime(6, "mysql"), Date("mysql")
LARGE = "9" * 65

CASES = [
    (INT, INT, "INT", "-7", "-7", False),
    (INT, INT, "INT", "-7", "7", True),
    (BIG, UNSIGNED, "BIGINT", "-1", "18446744073709551615", True),
    (UNSIGNED, BIG, "BIGINT UNSIGNED", "18446744073709551615", "-1", True),
    (UNSIGNED, UNSIGNED, "BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615", False),
    (UNSIGNED, UNSIGNED, "BIGINT UNSIGNED", "18446744073709551614", "18446744073709551615", True),
    (MONEY, MONEY, "DECIMAL(10,2)", "1.50", "1.5", False),
    (MONEY, FINE, "DECIMAL(10,2)", "1.24", "1.2351", True),
    (MONEY, FINE, "DECIMAL(10,2)", "1.24", "1.24", False),
    (WIDE, WIDE, "DECIMAL(65,0)", LARGE, LARGE, False),
    (WIDE, WIDE, "DECIMAL(65,0)", LARGE, LARGE[:-1] + "8", True),
    (SECONDS, MICROS, "DATETIME", "2020-02-03 04:05:06", "2020-02-03 04:05:06", False),
    (SECONDS, MICROS, "DATETIME", "2020-02-03 04:05:06", "2020-02-03 04:05:06.000001", True),
    (MICROS, MICROS, "DATETIME(6)", "2020-02-03 04:05:06.1", "2020-02-03 04:05:06.1", False),
    (MICROS, MICROS, "DATETIME(6)", None, "0000-00-00 00:00:00", True),
    (MICROS, MICROS, "DATETIME(6)", None, "2020-00-10 00:00:00", True),
    (DAY, DAY, "DATE", "2020-02-03", "2020-02-03", False),
    (DAY, DAY, "DATE", None, "0000-00-00", True),
    (DAY, DAY, "DATE", "2020-02-03", None, True),
    (INT, INT, "INT", None, None, False),
    (INT, INT, "INT", "0", None, True),
    (INT, INT, "INT", None, "0", True),
]


@pytest.fixture(scope="module")
def connection(mariadb_server: object) -> Iterator[sa.Connection]:
    url = mariadb_server.create_database("differs_from")  # type: ignore[attr-defined]
    engine = MySQL().engine(driver_url(url), "new", 1)
    with engine.connect() as opened:
        yield opened
    engine.dispose()
    mariadb_server.drop_database("differs_from")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("target", "source", "type_", "stored", "staged", "expected"), CASES)
def test_a_stored_value_differs_where_its_text_does(
    connection: sa.Connection,
    target: Kind,
    source: Kind,
    type_: str,
    stored: str | None,
    staged: str | None,
    expected: bool,
) -> None:
    connection.exec_driver_sql("DROP TABLE IF EXISTS t, s")
    connection.exec_driver_sql(f"CREATE TABLE t (v {type_})")
    connection.exec_driver_sql("CREATE TABLE s (c LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)")
    connection.execute(sa.text("INSERT INTO t VALUES (:v)"), {"v": stored})
    connection.execute(sa.text("INSERT INTO s VALUES (:c)"), {"c": staged})

    by_value, by_text = (
        target.differs_from(source, "t.v", "s.c", "mysql"),
        target.differs("t.v", "s.c", "mysql"),
    )
    found = connection.exec_driver_sql(f"SELECT {by_value}, {by_text} FROM s, t".replace("%", "%%")).one()

    assert by_value != by_text
    assert tuple(map(bool, found)) == (expected, expected)
