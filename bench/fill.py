"""Filling old tables: the servers make the rows themselves, SQLite is given them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from bench.tables import FIRST_COUPON, FIRST_MEMBER, MEMBERS, OLD, old_coupon, old_member

_BEGIN = dt.datetime(2015, 1, 1)  # noqa: DTZ001 - a wall clock, as legacy tables keep it

_MARIADB = """
INSERT INTO tb_coupon SELECT seq - 1 + {coupon}, CONCAT('CODE-', MD5(seq)), seq % {members} + {member}, seq % 3, seq % 10000 / 100,
  REPEAT('메모 x', 5), '2015-01-01' + INTERVAL seq * 61 SECOND + INTERVAL seq % 1000000 MICROSECOND,
  '2015-02-01' + INTERVAL seq * 61 SECOND FROM seq_1_to_{rows}
"""
_POSTGRES = """
INSERT INTO tb_coupon SELECT n - 1 + {coupon}, 'CODE-' || md5(n::text), n % {members} + {member}, n % 3,
  n % 10000 / 100.0, repeat('메모 x', 5),
  timestamp '2015-01-01' + n * interval '61 seconds' + n % 1000000 * interval '1 microsecond',
  timestamp '2015-02-01' + n * interval '61 seconds' FROM generate_series(1, {rows}) AS n
"""


def fill(engine: sa.Engine, rows: int) -> None:
    """Create the old tables and fill them: ``rows`` coupons, a fixed number of members."""
    OLD.create_all(engine, [old_member, old_coupon])
    with engine.begin() as connection:
        connection.execute(
            sa.insert(old_member),
            [{"mem_no": FIRST_MEMBER + n, "email": f"m{n}@example.com"} for n in range(MEMBERS)],
        )
        if engine.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            raw.executemany("INSERT INTO tb_coupon VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(rows))
        else:
            made = _POSTGRES if engine.dialect.name == "postgresql" else _MARIADB
            connection.exec_driver_sql(
                made.format(rows=rows, members=MEMBERS, coupon=FIRST_COUPON, member=FIRST_MEMBER).replace(
                    "%", "%%"
                )
            )
    settle(engine, old_coupon, old_member)


def copy(engine: sa.Engine, into: sa.Table) -> None:
    """Create ``into`` with the rows of the coupon table, in the order of its own key."""
    into.create(engine)
    order = ", ".join(column.name for column in into.primary_key)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO {into.name} SELECT * FROM tb_coupon ORDER BY {order}")
    settle(engine, into)


def settle(engine: sa.Engine, *tables: sa.Table) -> None:
    """Statistics, as a server that has been running for a while has them."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            what = "ANALYZE TABLE" if engine.dialect.name in ("mysql", "mariadb") else "ANALYZE"
            connection.exec_driver_sql(f"{what} {table.name}")


def _rows(rows: int) -> Iterator[tuple[Any, ...]]:
    for n in range(1, rows + 1):
        made = _BEGIN + dt.timedelta(seconds=61 * n, microseconds=n % 1_000_000)
        expires = (made + dt.timedelta(days=31)).replace(microsecond=0)
        code = hashlib.md5(str(n).encode(), usedforsecurity=False).hexdigest()
        written = made.isoformat(" ", "microseconds"), expires.isoformat(" ")
        key, member = FIRST_COUPON - 1 + n, n % MEMBERS + FIRST_MEMBER
        yield key, f"CODE-{code}", member, n % 3, n % 10000 / 100, "메모 x" * 5, *written
