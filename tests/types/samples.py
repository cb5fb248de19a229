"""Columns of each database with values at their edges, as the SQL literals of that database.

``values`` are stored in strict mode; ``dirt`` needs the lenient mode that old MySQL servers run in, or is what SQLite
lets into any column. Between them stand the values that other databases have no place for.
"""

from __future__ import annotations

from dataclasses import dataclass

from changeover.types.base import Family
from tests.mysql_kind import ON_MYSQL


@dataclass(frozen=True)
class Sample:
    """One column: its type as declared, and literals."""

    ddl: str
    values: tuple[str, ...]
    dirt: tuple[str, ...] = ()


def _sample(ddl: str, *values: str, dirt: tuple[str, ...] = ()) -> Sample:
    return Sample(ddl, (*values, "NULL"), dirt)


TEXTS = (
    "''",
    "'a '",
    "'ä é'",
    "'A''b\"c`'",
    "'7'",
    "'007'",
    "'-1.50'",
    "'2020-02-29'",
    "'2020-02-29 10:00:00.50'",
)
WIDE = ("'한글'", "'日本語'")
EMOJI = ("'😀'",)
NUMBERISH = (
    "'1e400'",
    "'0.12345678901234567'",
    "'12:30:00'",
    "'true'",
    "'[1, 2]'",
    "'NaN'",
    "' 1'",
    "'1.2.0'",
)
MYSQL_CONTROL = ("CHAR(0, 9, 10, 13, 92, 37, 39 USING utf8mb4)",)
POSTGRES_CONTROL = ("chr(9) || chr(10) || chr(13) || chr(92) || chr(37) || chr(1)",)
SQLITE_CONTROL = ("char(0, 9, 10, 13, 92, 37, 39)",)
UUIDS = ("'5ea8c6eb-e621-11f1-ad2f-02fc00000001'", "'00000000-0000-0000-0000-000000000000'")
ALL_BYTES = "".join(f"{byte:02X}" for byte in range(256))
DOUBLES = (
    "0.1",
    "1.7976931348623157e308",
    "-5e-324",
    "-1.1125369292536007e-308",
    "5.960464477539063e-08",
    "-1.2345678901234567e-15",
    "2.2250738585072011e-308",
    "1e15",
    "123456789012345680000.0",
    "-1.7976931348623157e308",
    "-2.2781512757741055e115",
    "-3.2805890036034165e-19",
)
DOCUMENT = '{"b": [1, 2.50, null, "x:y", "\\u00e9"], "a": {"c": true}}'

MYSQL = (
    _sample("TINYINT(1)", "0", "1", "2", "-128", "127"),
    _sample("SMALLINT", "-32768", "32767"),
    _sample("MEDIUMINT UNSIGNED", "0", "16777215"),
    _sample("INT", "-2147483648", "2147483647", "0"),
    _sample("INT UNSIGNED", "4294967295", "70"),
    _sample("BIGINT", "-9223372036854775808", "9223372036854775807"),
    _sample("BIGINT UNSIGNED", "18446744073709551615", "0"),
    _sample("DECIMAL(10,2)", "99999999.99", "-99999999.99", "-0.01", "1.50", "100"),
    _sample("DECIMAL(20,0)", "18446744073709551615", "-1"),
    _sample(
        "DECIMAL(65,30)",
        "12345678901234567890123456789012345.123456789012345678901234567891",
        "-0.000000000000000000000000000001",
        "7.5",
    ),
    _sample("DECIMAL(4,4)", "-0.1234", "0"),
    _sample("FLOAT", "0.1", "3.4028234e38", "1e-45", "16777217"),
    _sample("DOUBLE", *DOUBLES, "0", "16777216", "3"),
    _sample(
        "DATE",
        "'0001-01-01'",
        "'9999-12-31'",
        "'2020-02-29'",
        dirt=("'0000-00-00'", "'2020-00-10'", "'2020-10-00'"),
    ),
    _sample("DATETIME", "'2020-02-29 23:59:59'", "'2020-03-01'", dirt=("'0000-00-00 00:00:00'",)),
    _sample(
        "DATETIME(6)",
        "'0001-01-01 00:00:00.000001'",
        "'9999-12-31 23:59:59.999999'",
        "'2020-02-29 10:00:00.5'",
        dirt=("'2020-00-10 10:00:00'",),
    ),
    _sample(
        "TIMESTAMP NULL", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", dirt=("'0000-00-00 00:00:00'",)
    ),
    _sample("TIMESTAMP(6) NULL", "'2038-01-19 03:14:07.999999'", "'2020-06-30 23:59:59.5'"),
    _sample("TIME", "'-838:59:59'", "'838:59:59'", "'00:00:00'", "'23:59:59'"),
    _sample(
        "TIME(6)", "'838:59:59'" if ON_MYSQL else "'838:59:59.999999'", "'-00:00:00.000001'", "'12:30:00.5'"
    ),
    _sample("YEAR", "0", "1901", "2155", "1970"),
    _sample("CHAR(10)", "''", "'ab'", "'  ä'"),
    _sample("CHAR(36)", *UUIDS, "'not a uuid'"),
    _sample("VARCHAR(50)", *TEXTS, *WIDE, *EMOJI, *NUMBERISH, *MYSQL_CONTROL),
    _sample("VARCHAR(50) CHARACTER SET utf8mb3", "'ä '", *WIDE),
    _sample("VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_bin", "'é '", "X'8081FF'"),
    _sample("TINYTEXT", "''", *EMOJI),
    _sample(
        "LONGTEXT",
        f"'{DOCUMENT}'".replace("\\", "\\\\"),
        '\'{"a":1,"a":2}\'',
        "'no json'",
        "REPEAT('한', 30000)",
    ),
    _sample("BINARY(4)", "X'00010000'", "X'FF000000'"),
    _sample("BINARY(16)", "X'5EA8C6EBE62111F1AD2F02FC00000001'"),
    _sample("VARBINARY(300)", f"X'{ALL_BYTES}'", "X''", "X'00'"),
    _sample("BLOB", f"X'{ALL_BYTES}'", "X'5C0A'"),
    _sample("ENUM('a','B','it''s, ok','한')", "'a'", "'B'", "'it''s, ok'", "'한'", dirt=("'unheard of'",)),
    _sample("SET('x','y','z')", "''", "'x'", "'x,z'", "'x,y,z'"),
    _sample("BIT(1)", "b'0'", "b'1'"),
    _sample("BIT(5)", "b'10101'", "b'00000'"),
    _sample("BIT(64)", f"b'{'1' * 64}'", "b'1'"),
)
MARIADB_ONLY = () if ON_MYSQL else (_sample("UUID", *UUIDS),)

POSTGRESQL = (
    _sample("boolean", "true", "false"),
    _sample("smallint", "-32768", "32767"),
    _sample("integer", "-2147483648", "2147483647", "1"),
    _sample("bigint", "-9223372036854775808", "9223372036854775807"),
    _sample("numeric", "'NaN'", "'Infinity'", "1e40", "1.50", "-1e-40", "100"),
    _sample("numeric(10,2)", "99999999.99", "-0.01", "1.50", "'NaN'"),
    _sample("numeric(20,0)", "18446744073709551615", "-1"),
    _sample("numeric(65,30)", "12345678901234567890123456789012345.123456789012345678901234567891", "7.5"),
    _sample("real", "0.1", "'NaN'", "3.4028234e38", "'1e-45'"),
    _sample("double precision", *(f"'{value}'" for value in DOUBLES), "'-0'", "'NaN'", "'-Infinity'", "3"),
    _sample("date", "'0001-01-01'", "'0044-03-15 BC'", "'infinity'", "'12345-01-01'", "'2020-02-29'"),
    _sample(
        "timestamp", "'infinity'", "'0044-03-15 10:00:00.5 BC'", "'2020-02-29 10:00:00.5'", "'2020-03-01'"
    ),
    _sample("timestamp(0)", "'2020-02-29 23:59:59'", "'9999-12-31 23:59:59'"),
    _sample(
        "timestamptz",
        "'2020-02-29 10:00:00.123456+09'",
        "'-infinity'",
        "'1950-01-01 00:00:00+00'",
        "'2030-01-01+00'",
    ),
    _sample("time", "'24:00:00'", "'23:59:59.999999'", "'00:00:00'", "'12:30:00.5'"),
    _sample(
        "interval",
        "'1 mon 2 days 03:04:05.6'",
        "'838:59:59.999999'",
        "'-00:00:00.5'",
        "'00:00:00'",
        "'999:00:00'",
    ),
    _sample("char(10)", "''", "'ab'", "'  ä'"),
    _sample("varchar(50)", *TEXTS, *WIDE, *EMOJI, *NUMBERISH, *POSTGRES_CONTROL),
    _sample("text", *TEXTS, *WIDE, *EMOJI, "repeat('한', 30000)", f"'{DOCUMENT}'", "'unheard of'"),
    _sample("bytea", f"'\\x{ALL_BYTES}'", "'\\x'", "'\\x5c0a'"),
    _sample("uuid", *UUIDS, "'eb1167b3-67a9-c378-7c65-c1e582e2e662'"),
    _sample(
        "json",
        f"'{DOCUMENT}'",
        '\'{"a":1,"a":2}\'',
        "'\"\\u0000\"'",
        "'1.50'",
        '\'{"\\u003a":1,"\\u003a":2}\'',
    ),
    _sample("jsonb", f"'{DOCUMENT}'", "'1.50'", "'null'", "'12345678901234567890.5'"),
    _sample("mood", "'a'", "'B'", "'it''s, ok'", "'한'"),
    _sample("bit(1)", "B'0'", "B'1'"),
    _sample("bit(5)", "B'10101'", "B'00000'"),
    _sample("bit(64)", f"B'{'1' * 64}'", f"B'{'0' * 63}1'"),
    _sample("bit varying(10)", "B''", "B'10101'"),
    _sample("integer[]", "'{}'", "'{1,NULL,-2147483648}'", "'{{1,2},{3,4}}'"),
    _sample("text[]", "'{}'", """ARRAY['a "b" \\', NULL, '', 'NULL', '한, {}']"""),
    _sample("inet", "'192.168.0.1/24'", "'::1'"),
    _sample("int4range", "'[1,5)'", "'empty'"),
)

SQLITE = (
    _sample(
        "INTEGER",
        "-9223372036854775808",
        "9223372036854775807",
        "0",
        "2",
        dirt=("'abc'", "1.5", "X'00FF'", "1e300"),
    ),
    _sample("BOOLEAN", "0", "1", dirt=("2", "'true'")),
    _sample("DECIMAL(10,2)", "99999999.99", "-0.01", "1.50", "100", dirt=("1.005", "'x'", "1e20")),
    _sample("NUMERIC", "1.5", "0.1", "9223372036854775807", "1e-7", dirt=("'x'", "X'FF'")),
    _sample("DOUBLE", *DOUBLES, "-0.0", "9e999", "3", dirt=("'x'", "X'FF'")),
    _sample("TEXT", *TEXTS, *WIDE, *EMOJI, *SQLITE_CONTROL, f"'{DOCUMENT}'", dirt=("X'6162'",)),
    _sample("VARCHAR(50)", *TEXTS, *NUMBERISH, dirt=("X'6162'", "'" + "long" * 20 + "'")),
    _sample("BLOB", f"X'{ALL_BYTES}'", "X''", dirt=("'text'", "12")),
    _sample("DATE", "'2020-02-29'", "'0001-01-01'", dirt=("'2020-02-31'", "20200229", "'29.02.2020'")),
    _sample(
        "DATETIME",
        "'2020-02-29 10:00:00'",
        "'2020-02-29 10:00:00.500000'",
        "'2020-03-01T00:00:00'",
        dirt=("1582970400", "'2020-02-31 10:00:00'", "'2020-02-29 10:00:00Z'", "'now'", "X'32303230'"),
    ),
    _sample("TIME", "'23:59:59'", "'12:30:00.500000'", dirt=("'25:00:00'", "'noon'")),
    _sample("JSON", f"'{DOCUMENT}'", '\'{"a":1,"a":2}\'', "'12'", dirt=("'no json'",)),
    _sample("STRING", "'abc'", "7", dirt=("X'FF'",)),
)

SAMPLES: dict[Family, tuple[Sample, ...]] = {
    "mysql": MYSQL + MARIADB_ONLY,
    "postgresql": POSTGRESQL,
    "sqlite": SQLITE,
}

POSTGRES_PREPARE = "CREATE TYPE mood AS ENUM ('a', 'B', 'it''s, ok', '한')"
