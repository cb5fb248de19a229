"""A cast means the same on the command line and in Dagster, which changes SQLAlchemy's types for the whole process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
if sys.argv[1] == "dagster":
    import dagster
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from changeover.binding.casts import pin_casts
from changeover.mapping import Mapping, left_join, old
a, b = old("shop", "a"), old("shop", "b")
mapping = Mapping(
    "t", a, {"x": sa.cast(a.x, sa.DateTime), "y": sa.func.coalesce(sa.cast(b.y, sa.TIMESTAMP), a.z)},
    joins=(left_join(b, b.at == sa.cast(a.at, sa.DateTime())),), where=sa.cast(a.at, sa.DateTime()) > a.x,
)
pin_casts(mapping, "mysql")
parts = [*(v for vs in mapping.expressions().values() for v in vs), mapping.joins[0].on, mapping.where]
print([str(part.compile(dialect=mysql.dialect())) for part in parts])
"""


@pytest.fixture(scope="module")
def spelled() -> dict[str, str]:
    return {
        loaded: subprocess.run(
            [sys.executable, "-c", PROGRAM, loaded], capture_output=True, text=True, check=True
        ).stdout
        for loaded in ("nothing", "dagster")
    }


def test_a_cast_to_a_date_and_time_keeps_its_fraction_whoever_is_loaded(spelled: dict[str, str]) -> None:
    assert spelled["nothing"] == spelled["dagster"]
    assert spelled["nothing"].count("AS DATETIME(6))") == 4
