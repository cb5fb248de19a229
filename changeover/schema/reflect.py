"""Tables as they are in a live database: columns with their kinds, keys, foreign keys, indexes."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects import READING, Dialect, TableName, of
from changeover.errors import DatabaseRefused, UnsupportedType
from changeover.schema.referring import Referring, has_late_keys, referring
from changeover.types.base import Kind
from changeover.types.json import Json
from changeover.types.recognise import recognise


@dataclass(frozen=True)
class ColumnShape:
    """One column. ``kind`` is None for a type that can't be carried, and ``unsupported`` says why."""

    name: str
    type: sa.types.TypeEngine[Any]
    kind: Kind | None
    nullable: bool
    has_default: bool
    computed: bool
    counted: bool
    """Filled by a counter (AUTO_INCREMENT, identity, sequence, rowid) when left out."""
    unsupported: str = ""
    default: str = ""
    """The default's SQL, as the database tells it."""
    charset: str | None = None
    collation: str | None = None
    """MySQL's, of a text column."""


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of the table."""

    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class TableShape:
    """A table. ``uniques`` are the column sets of unique constraints and indexes, the primary key not among them.

    Indexes over a part of a column or under a condition are left out: they identify no row.
    """

    table: TableName
    columns: tuple[ColumnShape, ...]
    primary_key: tuple[str, ...]
    uniques: tuple[tuple[str, ...], ...]
    foreign_keys: tuple[ForeignKey, ...]
    late: bool = False
    """Its foreign keys complain at the commit only, and nothing can be done about it: SQLite's deferred ones."""

    def column(self, name: str) -> ColumnShape | None:
        """The column of this name, or None."""
        return next((c for c in self.columns if c.name == name), None)

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Unique column sets that no row has NULL in, the primary key first."""
        first = (self.primary_key,) if self.primary_key else ()
        return first + tuple(u for u in self.uniques if all(not self._shape(c).nullable for c in u))

    def _shape(self, name: str) -> ColumnShape:
        found = self.column(name)
        assert found is not None
        return found


class Schema:
    """A live database's tables, each looked at once. Safe to share between threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(**READING)
        self.dialect: Dialect = of(engine)
        self._shapes: dict[TableName, TableShape | None] = {}
        self._referring: dict[TableName, tuple[Referring, ...]] = {}
        self._lock = threading.Lock()

    def table(self, table: TableName) -> TableShape | None:
        """The table's shape, or None if there is no such table or view.

        Raises: DatabaseRefused when the server doesn't let us look; its own error when asking again may help.
        """
        with self._lock:
            if table not in self._shapes:
                try:
                    self._shapes[table] = self._reflect(table)
                except exc.NoSuchTableError:
                    self._shapes[table] = None  # SQLite has it, but spells it otherwise
                except exc.DBAPIError as error:
                    if error.connection_invalidated or self.dialect.trouble(error) != "fatal":
                        raise
                    why = self.dialect.explain(error)
                    raise DatabaseRefused(
                        f"table {table} of database {self.engine.url.database} can't be looked at: {why}"
                    ) from error
            return self._shapes[table]

    def referring(self, shape: TableShape) -> tuple[Referring, ...]:
        """The foreign keys by which rows are deleted or changed together with a row of the table."""
        with self._lock:
            if shape.table not in self._referring:
                with self._reader.connect() as connection:
                    self._referring[shape.table] = referring(
                        connection, self.dialect, shape.table, shape.primary_key
                    )
            return self._referring[shape.table]

    @cached_property
    def _folds(self) -> bool:
        """Whether the case of tables' names says nothing here: ``Member`` is ``member``."""
        if self.dialect.family != "mysql":
            return self.dialect.family == "sqlite"
        with self._reader.connect() as connection:
            return bool(connection.exec_driver_sql("SELECT @@lower_case_table_names").scalar())

    def same(self, one: TableName | str, other: TableName | str) -> bool:
        """Whether both name one table of this database, however they are spelled."""
        return self.folded(one) == self.folded(other)

    def folded(self, table: TableName | str) -> str:
        """The table's name, alike for all spellings of it."""
        return str(table).lower() if self._folds else str(table)

    def names(self, schema: str | None = None) -> list[str]:
        """The names of the tables there are; none of a schema that isn't there."""
        try:
            return sorted(sa.inspect(self._reader).get_table_names(schema=schema))
        except exc.DBAPIError as error:
            if error.connection_invalidated or self.dialect.trouble(error) != "fatal":
                raise
            return []

    def _reflect(self, table: TableName) -> TableShape | None:
        inspector = sa.inspect(self._reader)
        if not inspector.has_table(table.name, schema=table.schema):
            return None
        with warnings.catch_warnings():
            # SQLite takes any declaration, INT(11) too, and means the same with and without the number.
            warnings.filterwarnings("ignore", "Could not instantiate type", exc.SAWarning)
            # A type that is not known makes a column that can't be carried, which is said where it is used.
            warnings.filterwarnings("ignore", "Did not recognize type", exc.SAWarning)
            primary = tuple(
                inspector.get_pk_constraint(table.name, schema=table.schema)["constrained_columns"]
            )
            described = inspector.get_columns(table.name, schema=table.schema)
        if self.dialect.family == "mysql":
            # SQLAlchemy gives names as SHOW CREATE TABLE spells them, with each backtick twice.
            primary = tuple(map(_plain, primary))
            for found in described:
                found["name"] = _plain(found["name"])
        texts = self._texts(table) if self.dialect.family == "mysql" else {}
        documents = (
            self._documents(table) if getattr(self.engine.dialect, "is_mariadb", False) else set[str]()
        )
        columns = tuple(
            self._column(cast("dict[str, Any]", found), primary, texts, documents) for found in described
        )
        broken = self._broken(table) if self.dialect.family == "postgresql" else set[str]()
        with warnings.catch_warnings():
            # An index over an expression identifies no row by its columns.
            warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression", exc.SAWarning)
            uniques = _uniques(inspector, table, primary, broken)
        if self.dialect.family == "mysql":
            uniques = tuple(tuple(map(_plain, names)) for names in uniques)
            uniques = tuple(names for names in uniques if names != primary)
        return TableShape(
            table,
            columns,
            primary,
            uniques,
            self._own(table, _foreign_keys(inspector, table)),
            self.dialect.family == "sqlite" and self._late(table),
        )

    def _own(self, table: TableName, keys: tuple[ForeignKey, ...]) -> tuple[ForeignKey, ...]:
        """The foreign keys, those that lead to the table itself spelled as it is asked for."""
        return tuple(replace(key, parent=table) if self.same(key.parent, table) else key for key in keys)

    def _texts(self, table: TableName) -> dict[str, tuple[str, str]]:
        """Character set and collation by column: reflection leaves them out where they are the table's own."""
        statement = sa.text(
            "SELECT column_name, character_set_name, collation_name FROM information_schema.columns WHERE table_name = :name "
            "AND table_schema = COALESCE(:schema, DATABASE()) AND collation_name IS NOT NULL"
        )
        with self._reader.connect() as connection:
            found = connection.execute(statement, {"name": table.name, "schema": table.schema}).all()
        return {str(name): (str(charset), str(collation)) for name, charset, collation in found}

    def _documents(self, table: TableName) -> set[str]:
        """MariaDB's JSON columns: declared JSON, they are LONGTEXT with a check that is all there is to know them by."""
        statement = sa.text(
            "SELECT check_clause FROM information_schema.check_constraints WHERE table_name = :name "
            "AND constraint_schema = COALESCE(:schema, DATABASE()) AND check_clause LIKE 'json_valid(%'"
        )
        with self._reader.connect() as connection:
            clauses = connection.execute(statement, {"name": table.name, "schema": table.schema}).scalars()
            return {str(clause)[len("json_valid(`") : -len("`)")].replace("``", "`") for clause in clauses}

    @cached_property
    def at_once(self) -> str | None:
        """What makes a transaction's deferred constraints complain at once; None where there are none."""
        if self.dialect.family != "postgresql":
            return None
        with self._reader.connect() as connection:
            deferred = "SELECT EXISTS (SELECT FROM pg_constraint WHERE condeferred)"
            return "SET CONSTRAINTS ALL IMMEDIATE" if connection.execute(sa.text(deferred)).scalar() else None

    def _late(self, table: TableName) -> bool:
        with self._reader.connect() as connection:
            return has_late_keys(connection, table.name)

    def _broken(self, table: TableName) -> set[str]:
        """PostgreSQL's indexes that a failed CREATE INDEX CONCURRENTLY left behind: what they are to enforce does not hold."""
        statement = sa.text(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indrelid = to_regclass(:name) AND NOT i.indisvalid"
        )
        with self._reader.connect() as connection:
            return {
                str(name)
                for name in connection.execute(statement, {"name": self.dialect.table(table)}).scalars()
            }

    def _column(
        self,
        found: dict[str, Any],
        primary: tuple[str, ...],
        texts: dict[str, tuple[str, str]],
        documents: set[str],
    ) -> ColumnShape:
        kind: Kind | None = None
        unsupported = ""
        try:
            kind = (
                Json()
                if found["name"] in documents
                else recognise(
                    found["type"], self.dialect.family, charset=texts.get(found["name"], (None, None))[0]
                )
            )
        except UnsupportedType as error:
            unsupported = str(error)
        rowid = (
            self.dialect.family == "sqlite"
            and primary == (found["name"],)
            and isinstance(found["type"], sa.Integer)
        )
        serial = "nextval(" in str(found.get("default") or "")
        return ColumnShape(
            name=found["name"],
            type=found["type"],
            kind=kind,
            nullable=bool(found["nullable"]) and found["name"] not in primary,
            has_default=found.get("default") is not None,
            computed=found.get("computed") is not None,
            counted=bool(found.get("autoincrement") is True or found.get("identity") or rowid or serial),
            unsupported=unsupported,
            default=str(found.get("default") or ""),
            charset=texts.get(found["name"], (None, None))[0],
            collation=texts.get(found["name"], (None, None))[1],
        )


def _plain(name: str) -> str:
    return name.replace("``", "`")


def _uniques(
    inspector: sa.Inspector, table: TableName, primary: tuple[str, ...], broken: set[str]
) -> tuple[tuple[str, ...], ...]:
    found: dict[tuple[str, ...], None] = {}
    for constraint in inspector.get_unique_constraints(table.name, schema=table.schema):
        found[tuple(constraint["column_names"])] = None
    # SQLite's own reading of constraints misses those beside a column whose type has a length: their indexes tell.
    more = {"include_auto_indexes": True} if inspector.dialect.name == "sqlite" else {}
    for index in inspector.get_indexes(table.name, schema=table.schema, **more):
        names = index["column_names"]
        options: dict[str, Any] = index.get("dialect_options", {})
        partial = any(
            key.endswith(("_where", "_length", "_prefix")) and _given(options[key]) for key in options
        )
        whole = not index.get("expressions") and all(names)
        if index["name"] in broken:
            continue
        if index["unique"] and whole and not partial:
            found[tuple(cast("list[str]", names))] = None
        elif index["unique"] and partial:
            found.pop(tuple(cast("list[str]", names)), None)
    found.pop(primary, None)
    return tuple(found)


def _given(option: Any) -> bool:
    """Whether an index has the option; a condition is an expression, which has no truth of its own."""
    return isinstance(option, sa.ClauseElement) or bool(option)


def _foreign_keys(inspector: sa.Inspector, table: TableName) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(
            tuple(key["constrained_columns"]),
            TableName(key["referred_table"], key["referred_schema"]),
            tuple(key["referred_columns"]),
            key.get("name") or "",
        )
        for key in inspector.get_foreign_keys(table.name, schema=table.schema)
    )
