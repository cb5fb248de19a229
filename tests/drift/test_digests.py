"""The digest of a MariaDB's rows: values that two rows have swapped show in its sum."""

from __future__ import annotations

from collections.abc import Callable

from changeover.dialects.base import Shown
from changeover.dialects.mysql.digest import CRC, digest, row_text
from tests.transfer.rig import Rig

ROWS, VALUES = 1_000, 60


def of(key: str, value: str) -> str:
    return f"CAST({digest(row_text([Shown(key), Shown(value)], CRC), CRC)} AS DECIMAL(40))"


def test_no_swap_of_two_values_leaves_the_sum(rig: Callable[..., Rig]) -> None:
    """A check sum by itself leaves the sum of one swap in ten thousand: the bits in which its values differ are the same in both
    rows, and cancel out where the rows' own differ in each of them."""
    numbers = f"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) "
    first, second = "MD5(-a.i)", "MD5(-a.i - 1)"
    one, other = "MD5(v.i)", "MD5(v.i + 1)"
    unlike = f"{of(first, one)} + {of(second, other)} <> {of(first, other)} + {of(second, one)}"
    statement = f"{numbers}SELECT COUNT(*), SUM({unlike}) FROM n AS a JOIN n AS v ON v.i <= {VALUES}"
    with rig("mariadb").new.connect() as connection:
        (found,) = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).all()
    assert tuple(map(int, found)) == (ROWS * VALUES, ROWS * VALUES)
