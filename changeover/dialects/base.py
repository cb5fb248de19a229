"""What the engine asks of a database. One package a database answers it; the engine never asks which one it is.

A chunk crosses as a `Block` of canonical text. The old side's `read` makes it, the new side's `stage` loads it into an
all-text temporary table on the same connection and in the same transaction as what follows. Nothing here takes or gives
single rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import sqlalchemy as sa

from changeover.dialects.block import Block
from changeover.types.base import Family

if TYPE_CHECKING:
    from changeover.dialects.direct import Direct, Receiver, Site
    from changeover.dialects.triggers import Facts, Installed, Outbox, Reference, Trigger, Watched

READING = {"changeover_reading": True}
"""Execution options of a connection to a new database that will not write: where a transaction has to say so at its start, it
then begins as a reader."""

Side = Literal["old", "new", "capture"]
"""``capture`` is an old database whose outbox is written."""
Trouble = Literal["transient", "slow", "row", "fatal"]
"""``transient``: try the chunk again. ``slow``: with fewer rows, since the server gave the statement up for its time. ``row``: some
row does not fit. ``fatal``: none of it helps."""


@dataclass(frozen=True)
class TableName:
    """A table, perhaps in a schema."""

    name: str
    schema: str | None = None

    @classmethod
    def parse(cls, text: str) -> TableName:
        """``schema.table`` or ``table``."""
        schema, _, name = text.rpartition(".")
        return cls(name, schema or None)

    @property
    def reading(self) -> str:
        """How a name with a dot was read, for a message that it was not found; empty for one without."""
        return f" ({self} is read as table {self.name} of schema {self.schema})" if self.schema else ""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Shown:
    """A row's text, or NULL, as SQL. ``plain`` ones hold no vertical bar, and are not ``N``; ``bare`` ones are no texts yet, but
    what the database itself makes a text of."""

    sql: str
    plain: bool = False
    bare: bool = False


class Dialect(ABC):
    """One database's way of doing what the engine needs. Instances hold no state of a connection."""

    family: ClassVar[Family]
    title: ClassVar[str]
    lenient: ClassVar[bool] = False
    """Stores whatever it is given: misfits are looked for before every write, not after a failure."""
    single_writer: ClassVar[bool] = False
    """Only one transaction can write at a time: ranges are copied one after the other."""
    takes_ids_ahead: ClassVar[bool] = False
    """Ids can only be allocated outside the transaction that uses them."""
    then_join: ClassVar[str] = "JOIN"
    """A join whose left side is read first: the stage is small and has no index, what it leads to is large and has one."""
    max_identifier: ClassVar[int] = 63
    utc_now: ClassVar[str]
    """SQL of the server's time now, in UTC whatever the session's zone is, with fractions of a second."""

    @abstractmethod
    def engine(self, url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
        """A pooled engine whose every session is in UTC, in full Unicode, and waits only shortly for locks.

        Sessions of an old database are read-only and see each statement's own snapshot; those of a new one are strict and in
        READ COMMITTED. Only sessions for capture may write to an old one. Values of statements never show in errors.
        """

    @abstractmethod
    def trouble(self, error: BaseException) -> Trouble:
        """What a failed statement's error calls for."""

    @abstractmethod
    def is_foreign_key(self, error: BaseException) -> bool:
        """The statement failed since a row that it refers to is missing (or, deleting, refers to it)."""

    @abstractmethod
    def explain(self, error: BaseException) -> str:
        """The server's reason in words that hold no value of a row."""

    # Names

    def quote(self, name: str) -> str:
        """The identifier, quoted always."""
        return '"' + name.replace('"', '""') + '"'

    def table(self, table: TableName) -> str:
        """The table, quoted, with its schema if it has one."""
        return (
            f"{self.quote(table.schema)}.{self.quote(table.name)}" if table.schema else self.quote(table.name)
        )

    # Reading the old side

    @abstractmethod
    def read(self, connection: sa.Connection, select: sa.Select[Any]) -> Block:
        """The rows of ``select``, whose columns are all canonical text, in one block.

        Raises: BlockTooLarge when the server can't send them at once; ask for fewer rows.
        """

    @abstractmethod
    def after(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        """``columns > values`` in key order, in the form this database reads as an index range."""

    @abstractmethod
    def upto(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        """``columns <= values`` in key order, in the form this database reads as an index range."""

    # Writing the new side

    @abstractmethod
    def stage(self, connection: sa.Connection, name: str, columns: Sequence[str], block: Block) -> None:
        """Make the temporary table ``name`` afresh and fill it with the block, whose fields are ``columns``.

        The first column holds keys: bytes decide what equals what. The table is this connection's alone. The transaction
        goes on. Raises: UnstageableText when the database can't hold some text at all.
        """

    @abstractmethod
    def update(
        self, table: TableName, assignments: Sequence[tuple[str, str]], source: str, on: str, where: str
    ) -> str:
        """UPDATE ``table`` AS t … from ``source`` (a FROM clause whose first table is the stage) ON ``on`` WHERE ``where``.

        ``assignments`` are (column, SQL). Its row count is the number of rows that matched.
        """

    @abstractmethod
    def delete(self, table: TableName, source: str, same: Sequence[tuple[str, str]]) -> str:
        """DELETE FROM ``table`` AS t what rows of ``source`` lead to. ``same`` are (column of t, what it equals in ``source``)."""

    @abstractmethod
    def listed(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """A table for FROM, of rows of SQL values."""

    @abstractmethod
    def concat(self, parts: Sequence[str]) -> str:
        """Texts, none NULL, joined."""

    def insert_override(self) -> str:
        """What stands between the column list and SELECT, so that explicit values of identity columns are taken."""
        return ""

    def constant_after(self, constant: int, column: str) -> str:
        """A constant, in a form that makes the planner read ``column``'s table first, and use an index on more than the constant.

        For planners that can't be trusted with the id map, of which they have no statistics or old ones.
        """
        del column
        return str(constant)

    @abstractmethod
    def integer(self, text: str) -> str:
        """Canonical text of an integer, known to be one, as a number of this database."""

    @abstractmethod
    def as_text(self, number: str) -> str:
        """A number as text."""

    @abstractmethod
    def as_key(self, staged: str) -> str:
        """A staged text as a value that an index on root keys is asked for."""

    @property
    @abstractmethod
    def key_type(self) -> str:
        """The type of a column for root keys: bytes decide, trailing spaces count."""

    # Locks and ids

    @abstractmethod
    def lock(self, connection: sa.Connection, targets: Sequence[str], *, exclusive: bool) -> None:
        """Take the table locks of ``targets`` until the transaction ends, in the order given.

        Raises: the database's own error, transient, when the lock can't be had soon.
        """

    @abstractmethod
    def allocate(
        self, connection: sa.Connection | None, side: sa.Engine, table: TableName, column: str, count: int
    ) -> list[range]:
        """``count`` ids of ``table`` that nobody else is or will be given, as ranges (which may have a step).

        Where ``takes_ids_ahead`` it may be fewer, for which there is a reason; at least one.

        Parameters: ``connection`` is in the transaction that will use them, None where ``takes_ids_ahead``; ``side`` is for
        work that must not be in that transaction.
        """

    def incarnation(self, connection: sa.Connection) -> str:
        """What ids that were taken ahead end with: another text on a server that may have forgotten that it gave them away."""
        return ""

    @abstractmethod
    def reserve(self, side: sa.Engine, table: TableName, column: str, upto: int) -> None:
        """Make the table's own counter give ids above ``upto`` only. Does nothing where it already does, or has none."""

    def has_too_large(self, connection: sa.Connection, result: Any) -> bool:
        """Some value that a query has just computed became NULL for its size. Ask before the rows are fetched."""
        del connection, result
        return False

    # Checksums

    @abstractmethod
    def digests(self, connection: sa.Connection) -> tuple[str, ...]:
        """The digest functions of this server, the fastest first. Servers that name one alike compute the same by it; all have
        ``sha256``."""

    @abstractmethod
    def row_text(self, fields: Sequence[Shown], function: str) -> str:
        """The texts of a row as one text, for this digest, which no other texts make."""

    @abstractmethod
    def digest(self, text: str, function: str) -> str:
        """A text's digest as a whole number from 0 to 2^64, by one of `digests`; NULL where the server can't hold the text."""

    @abstractmethod
    def digest_sum(self, number: str) -> str:
        """The exact sum of such numbers over the rows, as text; NULL without rows. A sum finds values that two rows have swapped,
        in which bits that are merely folded cancel out."""

    def bucket(self, key: str, lower: str, width: str) -> str:
        """In which of equally wide parts, from ``lower`` (exclusive) on, a whole number lies: 0 and up."""
        return f"(({key} - ({lower}) - 1) / {width})"

    # Cost

    @abstractmethod
    def estimate(self, connection: sa.Connection, table: TableName) -> int | None:
        """About how many rows the table has, from the database's statistics, at no cost; None if it has none."""

    # Capture: the outbox and its triggers

    @abstractmethod
    def outbox_schema(self, connection: sa.Connection) -> str | None:
        """The schema that unqualified tables of this connection are in, where triggers have to name it; else None."""

    @abstractmethod
    def trigger_ddl(self, watched: Watched, outbox: Outbox) -> list[Trigger]:
        """The triggers of a table."""

    @abstractmethod
    def installed_triggers(self, connection: sa.Connection, outbox: TableName) -> list[Installed]:
        """The triggers that write to this outbox, of whatever table."""

    @abstractmethod
    def table_facts(self, connection: sa.Connection, table: TableName) -> Facts | None:
        """The table as capture must know it; None if there is none."""

    @abstractmethod
    def blockers(self, connection: sa.Connection, table: TableName) -> list[str]:
        """Who may be keeping us from locking the table, longest first, in words that hold no value of a row."""

    def trigger_names(self, connection: sa.Connection, table: TableName) -> set[str]:
        """Names that triggers have which ours could meet, whosever they are; as in `Trigger.name`."""
        return set()

    @abstractmethod
    def wait_briefly(self, connection: sa.Connection) -> None:
        """Let the transaction that begins wait for a table's lock for a second only: whoever comes after it waits as long."""

    def prepared(self, connection: sa.Connection) -> list[str]:
        """Prepared transactions that may keep no lock on the tables they changed, each as its server's statements name it."""
        return []

    def silent_cascades(self, connection: sa.Connection) -> list[Reference]:
        """Foreign keys whose actions fire no triggers."""
        return []

    # Direct mode: triggers that write the new tables, beside those of the outbox

    @abstractmethod
    def direct_site(self, old: sa.Connection, new: sa.Connection) -> Site:
        """Whether triggers of ``old`` can write what ``new`` is connected to, both being of this dialect."""

    def direct_receiver(self, new: sa.Connection, table: TableName) -> Receiver:
        """A target as direct mode must know it."""
        raise NotImplementedError(f"{self.title} has no direct mode")

    def direct_ddl(self, direct: Direct, outbox: Outbox) -> list[Trigger]:
        """The triggers that write a root's targets."""
        raise NotImplementedError(f"{self.title} has no direct mode")
