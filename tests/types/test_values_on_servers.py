"""Any value of a kind, on real servers: written as text, stored, read again as the same text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql

from changeover.types.base import Family, Kind
from changeover.types.boolean import Boolean
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.float import Float
from changeover.types.integer import Integer
from changeover.types.recognise import recognise
from changeover.types.text import Text
from tests.mysql_kind import ON_MYSQL
from tests.types.rig import Side

Database = Callable[..., str]
NAMES: dict[Family, str] = {"mysql": "mariadb", "postgresql": "postgres", "sqlite": "sqlite"}
FAMILIES: tuple[Family, ...] = ("mysql", "postgresql", "sqlite")
BATCH = 40

doubles = st.floats(allow_nan=False, allow_infinity=False)
characters = st.characters(exclude_characters="\0\ufdd0", exclude_categories=["Cs"])
COLUMNS: tuple[tuple[str, dict[Family, str], st.SearchStrategy[Any]], ...] = (
    ("double", {"mysql": "DOUBLE", "postgresql": "double precision", "sqlite": "DOUBLE"}, doubles),
    (
        "single",
        {"mysql": "FLOAT", "postgresql": "real"},
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    (
        "decimal",
        {"mysql": "DECIMAL(38,10)", "postgresql": "numeric(38,10)"},
        st.decimals(min_value=-(10**27), max_value=10**27, places=10),
    ),
    (
        "money",
        {"mysql": "DECIMAL(15,4)", "postgresql": "numeric(15,4)", "sqlite": "DECIMAL(15,4)"},
        st.decimals(min_value=-(10**10), max_value=10**10, places=4),
    ),
    (
        "integer",
        {"mysql": "BIGINT", "postgresql": "bigint", "sqlite": "BIGINT"},
        st.integers(min_value=-(2**63), max_value=2**63 - 1),
    ),
    ("text", {"mysql": "LONGTEXT", "postgresql": "text", "sqlite": "TEXT"}, st.text(alphabet=characters)),
    ("binary", {"mysql": "LONGBLOB", "postgresql": "bytea", "sqlite": "BLOB"}, st.binary()),
    ("date", {"mysql": "DATE", "postgresql": "date", "sqlite": "DATE"}, st.dates()),
    (
        "datetime",
        {"mysql": "DATETIME(6)", "postgresql": "timestamp", "sqlite": "DATETIME"},
        st.datetimes(),
    ),
    ("time", {"postgresql": "time", "sqlite": "TIME"}, st.times()),
    ("uuid", {"mysql": "UUID", "postgresql": "uuid"}, st.uuids(version=4)),
)
CASES = [
    (name, family, ddl[family], values)
    for name, ddl, values in COLUMNS
    for family in FAMILIES
    if family in ddl and not (ON_MYSQL and ddl[family] == "UUID")
]


@pytest.fixture
def side(database: Database, request: pytest.FixtureRequest) -> Side:
    family: Family = request.param
    return Side(family, database(NAMES[family], "values"))


@pytest.mark.parametrize(
    ("side", "ddl", "values"),
    [(family, ddl, values) for _, family, ddl, values in CASES],
    ids=[f"{family}-{name}" for name, family, _, _ in CASES],
    indirect=["side"],
)
def test_any_value_is_stored_and_read_again_as_the_same_text(
    side: Side, ddl: str, values: st.SearchStrategy[Any]
) -> None:
    engine = sa.create_engine(side.url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE target (n INT PRIMARY KEY, v {ddl})")
    column = sa.Table("target", sa.MetaData(), autoload_with=engine).c.v
    kind = recognise(column.type, side.family, charset="utf8mb4")
    engine.dispose()
    with side.writing() as writing:

        @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(values, min_size=1, max_size=BATCH))
        def same(found: list[Any]) -> None:
            texts = {place: kind.format(value) for place, value in enumerate(found)}
            try:
                rows = stored(side, column, kind, writing, texts)
            finally:
                writing.rollback()
            assert rows == [(place, 0, kind.parse(text)) for place, text in texts.items()]

        same()


def stored(
    side: Side, column: sa.Column[Any], kind: Kind, writing: sa.Connection, texts: dict[int, str]
) -> list[tuple[int, int, Any]]:
    """Each row's number, whether it differs from what was staged, and its value as Python has it."""
    staged = [{"n": place, "s": text} for place, text in texts.items()]
    writing.execute(sa.text("INSERT INTO staged VALUES (:n, :s)"), staged)
    writing.exec_driver_sql(f"INSERT INTO target SELECT n, {kind.store('s', side.family)} FROM staged")
    differs = sa.literal_column(kind.differs("target.v", "staged.s", side.family)).label("d")
    select = (
        sa.select(column.table.c.n, differs, kind.text(column, side.family, kind).label("s"))
        .select_from(column.table)
        .join(sa.text("staged"), sa.text("staged.n = target.n"))
        .order_by(column.table.c.n)
    )
    # As the engine reads: through a temporary table, which MariaDB makes too narrow for some values' texts.
    kept = sa.select(select.limit(2 * BATCH).subquery())
    return [(place, int(other), kind.parse(text)) for place, other, text in writing.execute(kept)]


@pytest.mark.parametrize("side", FAMILIES, indirect=True)
def test_an_expression_is_read_for_the_kind_it_goes_to(side: Side) -> None:
    division: dict[Family, str] = {"mysql": "3 / 2", "postgresql": "3 / 2.0", "sqlite": "3 / 2.0"}
    cases: list[tuple[sa.ColumnElement[Any], Kind, str]] = [
        (sa.literal_column(division[side.family]), Decimal(10, 2), "1.5"),
        (sa.literal_column("2 * 3.00"), Integer(32), "6"),
        (sa.literal_column("'2020-02-29T10:00:00.50'"), Datetime(6), "2020-02-29 10:00:00.5"),
        (sa.literal_column("1 = 1"), Boolean(), "1"),
        (sa.literal_column("'ä '"), Text(), "ä "),
        (sa.cast(sa.cast(sa.literal_column("-0.1234"), sa.Numeric(4, 4)), sa.String), Text(), "-0.1234"),
        (sa.func.abs(sa.literal_column("-0.1234")) * -1, Text(), "-0.1234"),
        (sa.literal_column("'x'"), Integer(32), "x"),
        (sa.cast(sa.literal_column("7"), sa.Integer), Integer(32), "7"),
        (sa.null(), Integer(32), "NULL"),
    ]
    double = mysql.DOUBLE() if side.family == "mysql" else sa.Double()
    cases.append((sa.type_coerce(sa.literal_column("1e20 + 0.0"), double), Decimal(30, 0), "1" + "0" * 20))
    cases.append((sa.type_coerce(sa.literal_column("0.1e0"), double), Float(64), "0.1"))
    with side.reading() as reading:
        for expression, target, expected in cases:
            source = recognise(expression.type, side.family, computed=True)
            select = sa.select(source.text(expression, side.family, target).label("s")).limit(1)
            shown = reading.execute(sa.select(select.subquery())).scalar_one()
            assert ("NULL" if shown is None else re.sub(r"[.]0$", "", shown)) == expected


@pytest.mark.parametrize("side", FAMILIES, indirect=True)
def test_digits_that_a_double_would_lose_are_marked_by_the_database_that_reads_them(side: Side) -> None:
    safe = ("0.1", "-123456789012345", "0.000000000000001", "100000000000000000000", "1e5", "-1E-7")
    lost = ("0.1234567890123456", "9007199254740993", "1e-400", "1" * 400)
    with side.reading() as reading:
        for text in (*safe, *lost):
            expression = sa.literal_column(f"'{text}'", sa.String)
            shown = reading.execute(sa.select(Text().text(expression, side.family, Float(64)))).scalar_one()
            kept = shown == text
            if side.family == "sqlite" and text == "0.1234567890123456":
                assert kept  # it asks the double itself, which does keep these sixteen digits
            else:
                assert kept is (text in safe), text
