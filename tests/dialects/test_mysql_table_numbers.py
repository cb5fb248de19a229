"""A table's numbers change when it is emptied at once, whatever it is called, and no other table's do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.dialects import TableName, driver_url
from changeover.dialects.mysql.naming import quote
from changeover.dialects.mysql.table_numbers import table_numbers

PARTITIONED = "PARTITION BY HASH (id) PARTITIONS 2"


@pytest.mark.parametrize("partitions", ["", PARTITIONED], ids=["whole", "partitioned"])
@pytest.mark.parametrize("name", ["t", "T_1", "a b-c.d$#@", "é", "한글", "a_b"])
def test_a_truncated_table_has_other_numbers(
    database: Callable[..., str], name: str, partitions: str
) -> None:
    url = sa.make_url(driver_url(database("mariadb", "num bers-é")))
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    others = [f"{name}x", name.replace("_", "x") + "y", f"{name}#P#z"]
    with engine.connect() as connection:

        def numbers(table: str) -> list[str]:
            found = table_numbers(connection, str(url.database), TableName(table))
            assert found is not None
            return found

        for table in (name, *others):
            connection.exec_driver_sql(f"CREATE TABLE {quote(table)} (id INT PRIMARY KEY) {partitions}")
        before = {table: numbers(table) for table in (name, *others)}
        assert [len(found) for found in before.values()] == [2 if partitions else 1] * 4
        connection.exec_driver_sql(f"TRUNCATE TABLE {quote(name)}")
        assert set(numbers(name)).isdisjoint(before[name])
        assert {table: numbers(table) for table in others} == {table: before[table] for table in others}
    engine.dispose()
