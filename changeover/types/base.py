"""What a type is to Changeover: how it travels as text, how that text is stored exactly, and how to tell when it was not.

Every value crosses from the old to the new database as *canonical text*, or NULL. The old database writes the text (in
the SELECT that reads a chunk), the new database parses it (from an all-text staging table, as a set). A kind never
sees a value in Python.

What holds always: ``store`` of the text of a value, into a column of the same kind, followed by ``differs``, is false,
on every database that supports the kind; and a text for which no ``misfits`` predicate is true is stored so that
``differs`` is false.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from sqlalchemy import ColumnElement

Family = Literal["mysql", "postgresql", "sqlite"]
"""A family of dialects. MariaDB and MySQL are ``mysql``."""


class Fit(Enum):
    """How values of one kind fit another."""

    EXACT = "exact"
    """Every value fits, unchanged."""
    CHECKED = "checked"
    """Some values may not fit; each is found and rejected, none is changed. Text that is parsed is of this sort."""
    NARROWS = "narrows"
    """The target is visibly smaller. Rows that do not fit would be rejected: allowed only where the mapping says so."""
    REFUSED = "refused"
    """Values would change without notice, or there is no meaning to it. An explicit expression is needed."""


@dataclass(frozen=True)
class Verdict:
    """How a source kind fits a target kind, and why not better.

    ``why`` completes the sentence "column x: …" and ``remedy`` says what to write instead; both are empty for EXACT.
    """

    fit: Fit
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Misfit:
    """A predicate over staged text that is true for values which the column can't hold exactly.

    ``predicate`` is SQL that is never NULL for non-NULL text; ``reason`` is what the reject says
    (no value in it): "longer than 50 characters".
    """

    predicate: str
    reason: str


@dataclass(frozen=True)
class Kind(ABC):
    """A type of a column, free of any one database's name for it.

    Subclasses are frozen dataclasses whose fields are the type's parameters (length, precision, …).
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The kind as shown to people: ``integer(64)``, ``text(50)``, ``decimal(10,2)``."""

    @abstractmethod
    def text(self, value: ColumnElement[Any], family: Family, target: Kind) -> ColumnElement[Any]:
        """The old database's expression that writes ``value`` as canonical text (NULL stays NULL).

        ``value`` is an untyped column or expression of this kind; ``target`` is the kind that will parse it, since some
        texts depend on it (a bit string read as an integer). The result has the database's text type, in its full
        Unicode (utf8mb4) for MySQL, so that it can be concatenated and escaped.
        """

    @abstractmethod
    def store(self, staged: str, family: Family) -> str:
        """The new database's SQL that turns the staged text column ``staged`` (already quoted) into a storable value."""

    @abstractmethod
    def differs(self, stored: str, staged: str, family: Family) -> str:
        """SQL, never NULL: the stored column's value is not exactly what the staged text says. NULL equals NULL only."""

    def differs_from(self, source: Kind, stored: str, staged: str, family: Family) -> str:
        """``differs``, for a text that an old column of kind ``source`` wrote, as it was written.

        It may compare values in the place of texts, where no two texts of the source are one value: that costs less.
        """
        del source
        return self.differs(stored, staged, family)

    @abstractmethod
    def shown(self, stored: str, family: Family) -> str:
        """SQL of a stored column's canonical text, for a checksum: it is a staged text's bytes only where nothing ``differs``.

        The other way round it need not hold: two databases spell some doubles and documents otherwise. Such rows are then
        compared by ``differs``.
        """

    def portable(self, text: str, family: Family) -> str:
        """SQL of a canonical text as most databases would spell the value, where they have no spelling in common."""
        del family
        return text

    def alike(self, source: Kind, family: Family) -> bool:
        """Whether the texts that ``family`` itself makes of a column of kind ``source`` and of one of this kind are the same
        exactly where the values are. A checksum then needs no canonical text, which costs a server more than the sum itself."""
        del source, family
        return False

    @abstractmethod
    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        """Predicates for staged texts that this column can't hold exactly. They must not raise for any text."""

    @abstractmethod
    def accepts(self, source: Kind) -> Verdict:
        """How values of ``source`` fit a column of this kind."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """Canonical text as the Python value that a mapping's Python function is given."""

    @abstractmethod
    def format(self, value: Any) -> str:
        """The Python value a mapping's function returned (never None) as canonical text.

        Raises: ValueError or TypeError for a value that is not of this kind.
        """
