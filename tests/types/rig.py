"""One database with a table for each sample, to read as an old one and to write as a new one."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SAWarning

from changeover.dialects.mysql.session import engine as mysql_engine
from changeover.dialects.postgresql.session import engine as postgresql_engine
from changeover.dialects.sqlite.session import engine as sqlite_engine
from changeover.types import postgres_probe
from changeover.types.base import Family, Kind
from changeover.types.recognise import recognise
from tests.types.meaning import sort_of
from tests.types.samples import POSTGRES_PREPARE, SAMPLES, Sample

ENGINES = {"mysql": mysql_engine, "postgresql": postgresql_engine, "sqlite": sqlite_engine}
STAGE_TYPE: dict[Family, str] = {
    "mysql": "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "postgresql": "text",
    "sqlite": "TEXT",
}


@dataclass(frozen=True)
class SampleColumn:
    """A sample as it stands in a database: table ``s…`` holds its values, ``t…`` is empty, and both are of one type."""

    number: int
    sample: Sample
    kind: Kind
    column: sa.Column[Any]

    @property
    def dirty(self) -> range:
        """The row numbers of its dirt."""
        start = len(self.sample.values)
        return range(start, start + len(self.sample.dirt))


@dataclass
class Side:
    """A database of the matrix: ``columns`` are its samples."""

    family: Family
    url: str
    columns: list[SampleColumn] = field(default_factory=list["SampleColumn"])
    read: dict[str, list[Any]] = field(default_factory=dict[str, "list[Any]"])

    def build(self) -> None:
        """Make the tables, fill in the samples' values, and recognise their kinds."""
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            _prepare(connection, self.family)
            for number, sample in enumerate(SAMPLES[self.family]):
                connection.exec_driver_sql(f"CREATE TABLE s{number} (n INT PRIMARY KEY, v {sample.ddl})")
                connection.exec_driver_sql(f"CREATE TABLE t{number} (n INT PRIMARY KEY, v {sample.ddl})")
                _fill(connection, self.family, number, sample)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            for number, sample in enumerate(SAMPLES[self.family]):
                table = sa.Table(f"s{number}", sa.MetaData(), autoload_with=engine)
                charset = table.kwargs.get("mysql_default charset")
                kind = recognise(table.c.v.type, self.family, charset=charset)
                self.columns.append(SampleColumn(number, sample, kind, table.c.v))
        engine.dispose()

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """A session as an old database has."""
        if self.family == "sqlite":  # whose file is opened for reading only, and must be there
            Path(str(sa.make_url(self.url).database)).touch()
        engine = ENGINES[self.family](sa.make_url(self.url), "old", 1)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """A session as the new database has, with a stage of row numbers and texts."""
        engine = ENGINES[self.family](sa.make_url(self.url), "new", 1)
        with engine.connect() as connection:
            key = "TEXT" if self.family == "sqlite" else "INT"
            statement = f"CREATE TEMPORARY TABLE staged (n {key} PRIMARY KEY, s {STAGE_TYPE[self.family]})"
            connection.exec_driver_sql(statement.replace("TEXT PRIMARY", "INTEGER PRIMARY"))
            if self.family == "postgresql":
                connection.exec_driver_sql(postgres_probe.CREATE, execution_options={"no_parameters": True})
            connection.commit()
            yield connection
            connection.rollback()
        engine.dispose()

    def shown(
        self, connection: sa.Connection, source: SampleColumn, target: Kind
    ) -> list[tuple[int, str | None, Any]]:
        """Each row of a sample: its number, its text for a target, and its plain value."""
        text = source.kind.text(source.column, self.family, target).label("s")
        raw = sa.literal_column(self.raw("v", source.kind))
        # As the engine reads: through a temporary table, which MariaDB makes too narrow for some values' texts.
        rows = sa.select(sa.column("n"), text, raw.label("r")).select_from(source.column.table)
        select = sa.select(rows.order_by(sa.column("n")).limit(1000).subquery())
        key = str(select)
        if key not in self.read:
            self.read[key] = [tuple(row) for row in connection.execute(select)]
            connection.rollback()
        return self.read[key]

    def raw(self, value: str, kind: Kind) -> str:
        """SQL that shows a column's value plainly, with no help of the kind but its sort."""
        sort = sort_of(kind)
        if self.family == "sqlite" or sort in ("binary", "float"):
            single = sort == "float" and self.family != "sqlite"
            cast = f"{value} * 1e0" if self.family == "mysql" else f"CAST({value} AS double precision)"
            return cast if single else value
        if self.family == "mysql":
            if sort == "bit":
                return f"LPAD(BIN({value} + 0), {getattr(kind, 'length', 1)}, '0')"
            return (
                f"CONVERT({value} USING utf8mb4)"
                if sort in ("text", "enum", "set")
                else f"CAST({value} AS CHAR(80))"
            )
        return f"CAST({value} AS text)"


def _prepare(connection: sa.Connection, family: Family) -> None:
    if family == "mysql":
        connection.exec_driver_sql("SET SESSION time_zone = '+00:00'")
    if family == "postgresql":
        connection.exec_driver_sql("SET timezone = 'UTC'")
        connection.exec_driver_sql(POSTGRES_PREPARE)


def _fill(connection: sa.Connection, family: Family, number: int, sample: Sample) -> None:
    for place, literal in enumerate((*sample.values, *sample.dirt)):
        if family == "mysql":
            mode = "" if place >= len(sample.values) else "STRICT_ALL_TABLES"
            connection.exec_driver_sql(f"SET SESSION sql_mode = '{mode}'")
        connection.exec_driver_sql(f"INSERT INTO s{number} VALUES ({place}, {literal})")
