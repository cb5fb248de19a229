"""The column types that an application of 2009 has, spelled for each of the three databases.

On MariaDB they are the real ones: unsigned and tiny integers, ENUM, MEDIUMTEXT, DATETIME with zero dates, columns in
latin1 and in three-byte UTF-8. SQLite keeps the declared names. PostgreSQL has what a port of such an application has.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine, UserDefinedType

Type = TypeEngine[Any]
LEGACY_TABLE: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (
        ("engine", "InnoDB"),
        ("default_charset", "utf8mb4"),
        ("collate", "utf8mb4_general_ci"),
    )
}


def key() -> Type:
    """INT UNSIGNED AUTO_INCREMENT; on SQLite the rowid."""
    return _spelled(sa.Integer(), mysql.INTEGER(unsigned=True), postgresql=sa.BigInteger())


def big_key() -> Type:
    """BIGINT AUTO_INCREMENT; on SQLite the rowid."""
    return _spelled(sa.Integer(), mysql.BIGINT(display_width=20), postgresql=sa.BigInteger())


def unsigned() -> Type:
    """INT UNSIGNED that is no key of its own: references and counters."""
    return _spelled(
        sa.Integer(), mysql.INTEGER(unsigned=True), sqlite="INT UNSIGNED", postgresql=sa.BigInteger()
    )


def big_integer() -> Type:
    """BIGINT that is no key of its own."""
    return _spelled(sa.BigInteger(), mysql.BIGINT(display_width=20), sqlite="BIGINT(20)")


def integer() -> Type:
    """INT, signed."""
    return _spelled(sa.Integer(), mysql.INTEGER(display_width=11), sqlite="INT(11)")


def small() -> Type:
    """SMALLINT UNSIGNED."""
    return _spelled(sa.SmallInteger(), mysql.SMALLINT(unsigned=True), sqlite="SMALLINT")


def tiny() -> Type:
    """TINYINT UNSIGNED: levels and minutes."""
    return _spelled(sa.SmallInteger(), mysql.TINYINT(unsigned=True), sqlite="TINYINT")


def flag() -> Type:
    """TINYINT(1) as a boolean, 0 or 1."""
    return _spelled(sa.SmallInteger(), mysql.TINYINT(display_width=1), sqlite="TINYINT(1)")


def char(length: int) -> Type:
    """CHAR(n) for codes without trailing spaces (MariaDB strips them, PostgreSQL would add them)."""
    return _spelled(sa.String(length), mysql.CHAR(length), sqlite=f"CHAR({length})")


def varchar(length: int) -> Type:
    """VARCHAR(n) in the table's character set."""
    return sa.String(length)


def latin1(length: int) -> Type:
    """VARCHAR(n) that was never converted from latin1 (MariaDB's latin1 is Windows-1252)."""
    return _spelled(sa.String(length), mysql.VARCHAR(length, charset="latin1", collation="latin1_swedish_ci"))


def utf8mb3(length: int) -> Type:
    """VARCHAR(n) in three-byte UTF-8: Korean fits, an emoji does not."""
    return _spelled(
        sa.String(length), mysql.VARCHAR(length, charset="utf8mb3", collation="utf8mb3_general_ci")
    )


def text() -> Type:
    """TEXT."""
    return sa.Text()


def medium_text() -> Type:
    """MEDIUMTEXT."""
    return _spelled(sa.Text(), mysql.MEDIUMTEXT(), sqlite="MEDIUMTEXT")


def enum(*values: str) -> Type:
    """ENUM(…) on MariaDB, a plain string elsewhere."""
    return _spelled(sa.String(max(len(value) for value in values)), mysql.ENUM(*values))


def decimal(precision: int, scale: int) -> Type:
    """DECIMAL(p, s)."""
    return sa.Numeric(precision, scale)


def double() -> Type:
    """DOUBLE."""
    return sa.Double()


def datetime() -> Type:
    """DATETIME without zone and without fraction; holds zero dates."""
    # Spelled out: in a process that has loaded Dagster, the generic type has six digits of a fraction on MySQL.
    return _spelled(sa.DateTime(), mysql.DATETIME())


class Declared(UserDefinedType[Any]):
    """A column type that SQLite takes as it is written; its affinity follows from the name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """The declared name."""
        return self.name


def _spelled(
    generic: Type, mariadb: Type, *, sqlite: str | None = None, postgresql: Type | None = None
) -> Type:
    spelled: Type = generic.with_variant(mariadb, "mysql", "mariadb")
    if sqlite is not None:
        spelled = spelled.with_variant(Declared(sqlite), "sqlite")
    if postgresql is not None:
        spelled = spelled.with_variant(postgresql, "postgresql")
    return spelled
