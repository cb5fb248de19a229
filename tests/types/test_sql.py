"""The SQL that kinds write, to the letter; and that no driver or text() construct can misread it."""

from __future__ import annotations

import itertools
import re

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from changeover.types.array import Array
from changeover.types.base import Family, Kind
from changeover.types.binary import Binary
from changeover.types.bit import Bit
from changeover.types.boolean import Boolean
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.enum import Enum
from changeover.types.float import Float
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.interval import Interval
from changeover.types.json import Json
from changeover.types.native import Native
from changeover.types.set import Set
from changeover.types.sqlite_functions import register
from changeover.types.text import Text
from changeover.types.time import Time
from changeover.types.unknown import Unknown
from changeover.types.uuid import Uuid
from changeover.types.year import Year

DIALECTS = {"mysql": mysql.dialect(), "postgresql": postgresql.dialect(), "sqlite": sqlite.dialect()}

KINDS: tuple[Kind, ...] = (
    Integer(32),
    Integer(64, unsigned=True),
    Decimal(10, 2),
    Decimal(10, 2, unsigned=True),
    Decimal(nan=True),
    Decimal(10, 2, binary=True),
    Float(64),
    Float(32),
    Text(50),
    Text(50, charset="latin1", fixed=True),
    Text(octets=65535),
    Binary(16, fixed=True),
    Boolean(),
    Date("mysql"),
    Datetime(3, "postgresql"),
    Instant(6, "mysql"),
    Time(6, signed=True),
    Time(3),
    Json(),
    Json(normalises=True),
    Uuid(),
    Year(),
    Bit(1),
    Bit(64),
    Enum(("100%", "it's :odd \\"), "mood"),
    Set(("x", "50%")),
    Interval(),
    Native("INET"),
    Array(Integer(32), "INTEGER[]"),
)
FAMILIES: tuple[Family, ...] = ("mysql", "postgresql", "sqlite")
ONLY: dict[type[Kind], tuple[Family, ...]] = {
    Year: ("mysql",),
    Set: ("mysql",),
    Bit: ("mysql", "postgresql"),
    Interval: ("postgresql",),
    Native: ("postgresql",),
    Array: ("postgresql",),
}


NUMBER_DIFFERS = "NOT COALESCE(CAST(CAST(t AS CHAR CHARACTER SET utf8mb4) AS BINARY) = CAST(s AS BINARY), t IS NULL AND s IS NULL)"
JSON_DIFFERS = (
    "(CASE typeof(t) WHEN 'blob' THEN char(64976) || hex(t) WHEN 'real' THEN changeover_float_text(t)"
    " ELSE CAST(t AS TEXT) END) COLLATE BINARY IS NOT s"
)


def read(kind: Kind, family: Family, target: Kind | None = None) -> str:
    """The SQL that reads ``o.c``."""
    column = sa.table("o", sa.column("c")).c.c
    return str(kind.text(column, family, target or kind).compile(dialect=DIALECTS[family]))


@pytest.mark.parametrize(
    ("kind", "family", "expected"),
    [
        (Integer(32), "mysql", "CAST(o.c AS CHAR CHARACTER SET utf8mb4)"),
        (Integer(32), "postgresql", "CAST(o.c AS text)"),
        (
            Decimal(10, 2),
            "mysql",
            "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(o.c AS CHAR CHARACTER SET utf8mb4)))",
        ),
        (Decimal(10, 2), "postgresql", "rtrim(rtrim(CAST(o.c AS text), '0'), '.')"),
        (Decimal(10, 0), "postgresql", "CAST(o.c AS text)"),
        (Float(32), "postgresql", "CAST(CAST(o.c AS double precision) AS text)"),
        (Text(5, charset="latin1"), "mysql", "CONVERT(o.c USING utf8mb4)"),
        (Binary(), "postgresql", "upper(encode(o.c, 'hex'))"),
        (Boolean(), "postgresql", "CAST(CAST(o.c AS integer) AS text)"),
        (Datetime(0, "mysql"), "mysql", "CAST(o.c AS CHAR CHARACTER SET utf8mb4)"),
        (Instant(6), "postgresql", "CAST(timezone('UTC', o.c) AS text)"),
        (Year(), "mysql", "CAST(o.c + 0 AS CHAR CHARACTER SET utf8mb4)"),
        (Bit(5), "mysql", "CAST(LPAD(BIN(o.c + 0), 5, '0') AS CHAR CHARACTER SET utf8mb4)"),
    ],
)
def test_a_column_is_read_as_canonical_text(kind: Kind, family: Family, expected: str) -> None:
    assert read(kind, family) == expected


def test_an_expression_keeps_its_parameters_and_stands_in_parentheses() -> None:
    column = sa.table("o", sa.column("a", sa.Integer)).c.a
    made = Integer(32).text(column + 5, "mysql", Integer(32)).compile(dialect=mysql.dialect())
    assert str(made) == "CAST((o.a + %s) AS CHAR CHARACTER SET utf8mb4)"
    assert list(made.params.values()) == [5]


def test_a_value_that_is_repeated_in_the_sql_is_bound_each_time() -> None:
    value = sa.func.coalesce(sa.column("a"), "x:%")
    made = sa.select(Text().text(value, "sqlite", Text())).compile(dialect=sqlite.dialect())
    assert made.string.count("?") == len(made.positiontup or ())
    with sa.create_engine("sqlite://").connect() as connection:
        register(connection.connection.dbapi_connection)
        assert (
            connection.execute(
                sa.select(Text().text(sa.func.coalesce(None, "x:%"), "sqlite", Text()))
            ).scalar()
            == "x:%"
        )


def test_two_templates_are_not_taken_for_each_other_by_the_statement_cache() -> None:
    column = sa.column("c")
    kinds = (Integer(32), Float(64), Integer(32))
    keys = [sa.select(kind.text(column, "mysql", kind))._generate_cache_key() for kind in kinds]
    first, second, again = [key.key for key in keys if key is not None]
    assert first == again
    assert first != second


@pytest.mark.parametrize(
    ("kind", "family", "store", "differs"),
    [
        (
            Integer(64, unsigned=True),
            "mysql",
            "CAST(s AS UNSIGNED)",
            NUMBER_DIFFERS,
        ),
        (
            Integer(16),
            "postgresql",
            "CAST(s AS smallint)",
            '(CAST(t AS text)) COLLATE "C" IS DISTINCT FROM s',
        ),
        (
            Datetime(6),
            "postgresql",
            "CAST(s AS timestamp)",
            '(CAST(t AS text)) COLLATE "C" IS DISTINCT FROM s',
        ),
        (
            Enum(("a",), '"My Enum"'),
            "postgresql",
            'CAST(s AS "My Enum")',
            '(CAST(t AS text)) COLLATE "C" IS DISTINCT FROM s',
        ),
        (
            Binary(),
            "mysql",
            f"UNHEX(LEFT(s, {2**30 - 1}))",
            f"NOT COALESCE(t = UNHEX(LEFT(s, {2**30 - 1})), t IS NULL AND s IS NULL)",
        ),
        (
            Json(normalises=False),
            "sqlite",
            "s",
            JSON_DIFFERS,
        ),
    ],
)
def test_a_staged_text_is_stored_and_compared(kind: Kind, family: Family, store: str, differs: str) -> None:
    assert kind.store("s", family) == store
    assert kind.differs("t", "s", family) == differs


def test_no_sql_holds_what_a_driver_or_a_text_construct_would_take_for_a_parameter() -> None:
    for kind, family in itertools.product(KINDS, FAMILIES):
        if family not in ONLY.get(type(kind), FAMILIES):
            continue
        written = [kind.store("s", family), kind.differs("t", "s", family)]
        written += [misfit.predicate for misfit in kind.misfits("s", family)]
        written += [
            read(source, family, kind) for source in (kind, Unknown(), Text(), Float(64), Decimal(20, 5))
        ]
        for sql in written:
            assert "%" not in sql
            assert "\\" not in sql
            assert not sa.text(sql)._bindparams, sql
            assert not re.search(r"[;?]\s*$", sql)


def test_misfits_are_never_about_an_unlimited_text_of_the_same_database() -> None:
    reasons = [misfit.reason for misfit in Text().misfits("s", "mysql")]
    assert reasons == ["not text of the old column's type (bytes, or too many digits)"]
