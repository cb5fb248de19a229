"""Any text against any kind: what no misfit names is stored unchanged, what one names is not stored unchanged."""

from __future__ import annotations

from collections.abc import Generator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.types.base import Family
from changeover.types.recognise import recognise
from demo.servers import MariaDB, PostgreSQL
from tests.mysql_kind import ON_MYSQL
from tests.types.rig import SampleColumn, Side
from tests.types.samples import Sample
from tests.types.trial import Outcome, move

DDL: dict[Family, tuple[str, ...]] = {
    "mysql": (
        "TINYINT",
        "BIGINT UNSIGNED",
        "DECIMAL(12,4)",
        "DECIMAL(4,4) UNSIGNED",
        "DOUBLE",
        "DATE",
        "DATETIME(3)",
        "TIMESTAMP(6) NULL",
        "TIME(2)",
        "YEAR",
        "CHAR(6)",
        "VARCHAR(6) CHARACTER SET latin1",
        "TINYTEXT",
        "ENUM('a','b ','','1')",
        "SET('a','b','1')",
        "BIT(6)",
        *([] if ON_MYSQL else ["UUID"]),
    ),
    "postgresql": (
        "smallint",
        "numeric",
        "numeric(12,4)",
        "numeric(4,4)",
        "double precision",
        "date",
        "timestamp(3)",
        "timestamptz",
        "time(2)",
        "interval",
        "char(6)",
        "varchar(6)",
        "boolean",
        "bit(6)",
        "uuid",
        "jsonb",
        "json",
        "integer[]",
        "inet",
    ),
    "sqlite": (
        "INTEGER",
        "BOOLEAN",
        "DECIMAL(12,4)",
        "NUMERIC",
        "DOUBLE",
        "DATE",
        "DATETIME",
        "TIME",
        "VARCHAR(6)",
        "JSON",
    ),
}

COLUMNS = [(family, number) for family, ddl in DDL.items() for number in range(len(ddl))]

NAMES = [f"{family}-{ddl}" for family, ddls in DDL.items() for ddl in ddls]

NEARLY = (
    "0 -0 00 7 -7 +7 007 7. .7 1e3 1E3 0x1F 255 127 128 -128 -129 70 1970 2155 2156 1.50 1.5 0.1234 0.12345 99999999.9999 "
    "100000000 18446744073709551615 18446744073709551616 -1 NaN nan Infinity -Infinity inf infinity 1e308 1e309 5e-324 1e-400 "
    "2020-02-29 2021-02-29 2020-2-9 0000-00-00 2020-00-10 2020-10-00 0000-01-01 9999-12-31 10000-01-01 20200229 today now "
    "23:59:59 24:00:00 25:00:00 -01:00:00 838:59:59 839:00:00 12:30 12:30:00.5 12:30:00.50 12:30:00.123 12:60:00 allballs "
    'true false t f yes on {} [] {1,NULL} {1,2} null [1,2] {"a":1} {"a":1,"a":2} "x" 10101 101010 b101010 x2A '
    "5ea8c6eb-e621-11f1-ad2f-02fc00000001 5EA8C6EB-E621-11F1-AD2F-02FC00000001 5ea8c6ebe62111f1ad2f02fc00000001 ::1 10.0.0.1"
).split()
WITH_SPACES = (
    "1970-01-01 00:00:00",
    "1970-01-01 00:00:01",
    "2038-01-19 03:14:07",
    "2038-01-19 03:14:08",
    "2038-02-01 00:00:00",
    "2106-02-07 06:28:16",
    "2020-02-29 23:59:59",
    "2020-02-29 23:59:59.123",
    "2020-02-29 23:59:59.1230",
    "2020-02-29 23:59:59.123456",
    "2020-02-29T23:59:59",
    "2020-02-29 23:59:59+09",
    "2020-02-30 00:00:00",
    "2020-02-29 24:00:00",
    "2020-02-29 23:59:60",
    "1970-01-01 00:00:00",
    "0044-03-15 00:00:00 BC",
    "2020-02-29 ",
    " 2020-02-29",
    "1 mon 2 days",
    "7 ",
    " 7",
    "7\n",
    "a ",
    "ab",
    "",
    " ",
    "a,b",
    "b,a",
    "a,a",
    "a,,b",
    '{"a" : [1, 2.50, "\\u003a"]}',
    '{"\\u003a":1,"\\u003a":2}',
    '"\\u0000"',
    "\ufdd0marked",
)

texts = st.one_of(
    st.sampled_from(NEARLY),
    st.sampled_from(WITH_SPACES),
    st.text(alphabet="0123456789-+.:eET ", max_size=12),
    st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
    st.integers(min_value=-(2**66), max_value=2**66).map(str),
    st.datetimes().map(lambda value: value.isoformat(" ")),
)


@pytest.fixture(scope="module")
def sides(
    mariadb_server: MariaDB, postgres_server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Generator[dict[Family, Side]]:
    mariadb_server.start()
    postgres_server.start()
    made: dict[Family, Side] = {
        "mysql": Side("mysql", mariadb_server.create_database("texts")),
        "postgresql": Side("postgresql", postgres_server.create_database("texts")),
        "sqlite": Side("sqlite", f"sqlite:///{tmp_path_factory.mktemp('texts')}/texts.db"),
    }
    for side in made.values():
        _build(side)
    yield made
    mariadb_server.drop_database("texts")
    postgres_server.drop_database("texts")


def _build(side: Side) -> None:
    engine = sa.create_engine(side.url)
    for number, ddl in enumerate(DDL[side.family]):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE TABLE t{number} (n INT PRIMARY KEY, v {ddl})")
        column = sa.Table(f"t{number}", sa.MetaData(), autoload_with=engine).c.v
        kind = recognise(column.type, side.family, charset="utf8mb4")
        side.columns.append(SampleColumn(number, Sample(ddl, ()), kind, column))
    engine.dispose()


@pytest.mark.parametrize(("family", "number"), COLUMNS, ids=NAMES)
def test_misfits_name_just_the_texts_that_are_not_stored_unchanged(
    sides: dict[Family, Side], family: Family, number: int
) -> None:
    side = sides[family]
    column = side.columns[number]
    with side.writing() as writing:
        check(side, column, writing, [*NEARLY, *WITH_SPACES])

        @settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(texts, min_size=20, max_size=40, unique=True))
        def any_texts(found: list[str]) -> None:
            check(side, column, writing, found)

        any_texts()


def check(side: Side, column: SampleColumn, writing: sa.Connection, found: list[str]) -> None:
    outcomes = move(side, column, writing, dict(enumerate(found)))
    writing.rollback()
    wrong = [
        f"{found[place]!r}: {outcome}"
        for place, outcome in outcomes.items()
        if not _consistent(side, outcome)
    ]
    assert not wrong, f"{column.sample.ddl}: " + "\n".join(wrong)


def _consistent(side: Side, outcome: Outcome) -> bool:
    unchanged = not outcome.refused and not outcome.differs
    if side.family == "sqlite":  # it stores anything, which is why misfits are asked before
        return unchanged or bool(outcome.reasons)
    return unchanged is not bool(outcome.reasons)
