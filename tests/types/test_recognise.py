"""From reflected types and from expressions to kinds."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

from changeover.errors import UnsupportedType
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
from changeover.types.recognise import recognise
from changeover.types.set import Set
from changeover.types.text import Text
from changeover.types.time import Time
from changeover.types.unknown import Unknown
from changeover.types.uuid import Uuid
from changeover.types.year import Year

REFLECTED: tuple[tuple[TypeEngine[Any], Family, Kind], ...] = (
    (mysql.TINYINT(display_width=1), "mysql", Integer(8)),
    (mysql.MEDIUMINT(unsigned=True), "mysql", Integer(24, unsigned=True)),
    (mysql.INTEGER(display_width=11), "mysql", Integer(32)),
    (mysql.BIGINT(unsigned=True, zerofill=True), "mysql", Integer(64, unsigned=True, zerofill=True)),
    (mysql.YEAR(), "mysql", Year()),
    (mysql.BIT(7), "mysql", Bit(7)),
    (mysql.BIT(), "mysql", Bit(1)),
    (mysql.FLOAT(), "mysql", Float(32)),
    (mysql.FLOAT(precision=53), "mysql", Float(64)),
    (mysql.FLOAT(precision=30, scale=2), "mysql", Float(32)),
    (mysql.DOUBLE(), "mysql", Float(64)),
    (mysql.DECIMAL(65, 30, unsigned=True), "mysql", Decimal(65, 30, unsigned=True)),
    (mysql.DECIMAL(), "mysql", Decimal(10, 0)),
    (
        mysql.DECIMAL(8, 2, unsigned=True, zerofill=True),
        "mysql",
        Decimal(8, 2, unsigned=True, zerofill=True),
    ),
    (mysql.DATETIME(), "mysql", Datetime(0, "mysql")),
    (mysql.DATETIME(fsp=6), "mysql", Datetime(6, "mysql")),
    (mysql.TIMESTAMP(fsp=3), "mysql", Instant(3, "mysql")),
    (mysql.TIME(fsp=2), "mysql", Time(2, signed=True)),
    (sa.DATE(), "mysql", Date("mysql")),
    (mysql.CHAR(3, charset="latin1", collation="latin1_bin"), "mysql", Text(3, charset="latin1", fixed=True)),
    (mysql.VARCHAR(5, collation="utf8_general_ci"), "mysql", Text(5, charset="utf8mb3")),
    (mysql.TINYTEXT(), "mysql", Text(octets=255)),
    (mysql.TEXT(), "mysql", Text(octets=65535)),
    (mysql.MEDIUMTEXT(), "mysql", Text(octets=16777215)),
    (mysql.LONGTEXT(), "mysql", Text()),
    (mysql.BINARY(16), "mysql", Binary(16, fixed=True)),
    (mysql.VARBINARY(5), "mysql", Binary(5)),
    (mysql.TINYBLOB(), "mysql", Binary(255)),
    (mysql.LONGBLOB(), "mysql", Binary()),
    (mysql.ENUM("a", "b"), "mysql", Enum(("a", "b"), blank=True)),
    (mysql.SET("a", "b"), "mysql", Set(("a", "b"))),
    (mysql.ENUM("back\\\\slash", "line\\nend"), "mysql", Enum(("back\\slash", "line\nend"), blank=True)),
    (mysql.SET("a\\\\n"), "mysql", Set(("a\\n",))),
    (mysql.JSON(), "mysql", Json(normalises=True)),
    (sa.UUID(), "mysql", Uuid(versioned=True)),
    (sa.SMALLINT(), "postgresql", Integer(16)),
    (postgresql.OID(), "postgresql", Integer(32, unsigned=True)),
    (sa.NUMERIC(), "postgresql", Decimal(nan=True)),
    (sa.NUMERIC(3, -2), "postgresql", Decimal(5, 0, nan=True)),
    (sa.REAL(), "postgresql", Float(32, ("NaN", "Infinity"))),
    (sa.DOUBLE_PRECISION(precision=53), "postgresql", Float(64, ("NaN", "Infinity"))),
    (postgresql.TIMESTAMP(precision=3), "postgresql", Datetime(3, "postgresql")),
    (postgresql.TIMESTAMP(timezone=True), "postgresql", Instant(6, "postgresql")),
    (postgresql.TIME(precision=0), "postgresql", Time(0)),
    (postgresql.INTERVAL(), "postgresql", Interval()),
    (postgresql.BYTEA(), "postgresql", Binary()),
    (postgresql.BIT(5), "postgresql", Bit(5)),
    (postgresql.BIT(5, varying=True), "postgresql", Native("BIT VARYING(5)")),
    (postgresql.JSON(), "postgresql", Json()),
    (postgresql.JSONB(), "postgresql", Json(normalises=True)),
    (postgresql.CITEXT(), "postgresql", Text(nul=False)),
    (sa.CHAR(3), "postgresql", Text(3, fixed=True, nul=False)),
    (postgresql.ENUM("a", name="My Mood", schema="old"), "postgresql", Enum(("a",), '"old"."My Mood"')),
    (postgresql.ARRAY(sa.INTEGER()), "postgresql", Array(Integer(32), "INTEGER[]")),
    (postgresql.DOMAIN("email", sa.VARCHAR(5)), "postgresql", Text(5, nul=False)),
    (postgresql.INET(), "postgresql", Native("INET")),
    (postgresql.INT4RANGE(), "postgresql", Native("INT4RANGE")),
)


@pytest.mark.parametrize(("of", "family", "kind"), REFLECTED, ids=[f"{f}-{of!r}" for of, f, _ in REFLECTED])
def test_a_reflected_type(of: TypeEngine[Any], family: Family, kind: Kind) -> None:
    assert recognise(of, family) == kind


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("INTEGER", Integer(64)),
        ("UNSIGNED BIG INT", Integer(64)),
        ("FLOATING POINT", Integer(64)),
        ("INT8", Integer(64)),
        ("BOOLEAN", Boolean()),
        ("DOUBLE PRECISION", Float(64, ("Infinity",))),
        ("NUMERIC(5,2)", Decimal(5, 2, binary=True)),
        ("DECIMAL(5)", Decimal(5, 0, binary=True)),
        ("STRING", Decimal(binary=True)),
        ("UUID", Decimal(binary=True)),
        ("CHAR(32)", Text(32)),
        ("NATIVE CHARACTER(70)", Text(70)),
        ("CLOB", Text()),
        ("BLOB", Binary()),
        ("DATE", Date("sqlite")),
        ("DATETIME", Datetime(6, "sqlite")),
        ("TIMESTAMP", Datetime(6, "sqlite")),
        ("TIME", Time(free=True)),
        ("JSON", Json(numeric=True)),
        ("", Unknown()),
    ],
)
def test_a_type_declared_in_sqlite(declared: str, kind: Kind) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE t (v {declared})")
        column = sa.Table("t", sa.MetaData(), autoload_with=connection).c.v
    engine.dispose()
    assert recognise(column.type, "sqlite") == kind


def test_a_mysql_column_has_the_charset_of_its_table_unless_it_states_its_own() -> None:
    assert recognise(mysql.VARCHAR(5), "mysql", charset="latin1") == Text(5, charset="latin1")
    assert recognise(mysql.VARCHAR(5, charset="utf8mb4"), "mysql", charset="latin1") == Text(
        5, charset="utf8mb4"
    )


def test_text_that_a_check_demands_to_be_json_is_json() -> None:
    assert recognise(mysql.LONGTEXT(charset="utf8mb4"), "mysql", document=True) == Json()


@pytest.mark.parametrize(
    ("expression", "family", "kind"),
    [
        (sa.cast(sa.column("a"), sa.Integer), "mysql", Integer(32)),
        (sa.column("a", sa.BigInteger) + 1, "postgresql", Integer(64)),
        (sa.cast(sa.column("a"), sa.Numeric(10, 2)), "mysql", Decimal(10, 2)),
        (sa.cast(sa.column("a"), sa.DateTime), "postgresql", Datetime()),
        (sa.type_coerce(sa.column("a"), sa.DateTime(timezone=True)), "mysql", Instant()),
        (sa.cast(sa.column("a"), sa.Double), "mysql", Float(64)),
        (sa.cast(sa.column("a"), sa.REAL), "postgresql", Float(32, ("NaN", "Infinity"))),
        (sa.column("a", sa.String) + "x", "sqlite", Text()),
        (sa.literal(True), "postgresql", Boolean()),
        (sa.column("a") == 1, "postgresql", Boolean()),
        (sa.func.anything(sa.column("a")), "mysql", Unknown()),
        (sa.null(), "mysql", Unknown()),
        (sa.cast(sa.column("a"), sa.LargeBinary), "postgresql", Binary()),
        (sa.cast(sa.column("a"), sa.Uuid), "postgresql", Uuid()),
    ],
)
def test_the_type_of_an_expression(expression: sa.ColumnElement[Any], family: Family, kind: Kind) -> None:
    assert recognise(expression.type, family, computed=True) == kind


@pytest.mark.parametrize(
    ("of", "family"),
    [
        (sa.types.NullType(), "mysql"),
        (sa.types.NullType(), "postgresql"),
        (postgresql.MONEY(), "postgresql"),
        (postgresql.TIME(timezone=True), "postgresql"),
        (postgresql.REGCLASS(), "postgresql"),
    ],
)
def test_a_column_of_a_type_that_is_not_carried_is_refused_with_a_remedy(
    of: TypeEngine[Any], family: Family
) -> None:
    with pytest.raises(UnsupportedType, match=r"cast\(old\.column, Text\)"):
        recognise(of, family)
