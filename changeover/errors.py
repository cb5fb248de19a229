"""Every error Changeover raises on purpose. The message says where, what was expected, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


class ChangeoverError(Exception):
    """The root of all errors raised on purpose; its text is fit for an operator and holds no row values."""


class ConfigurationError(ChangeoverError):
    """A setting is missing or wrong: nothing was tried."""


class ConnectionRefused(ChangeoverError):
    """A database could not be reached or would not let us in."""


class MappingError(ChangeoverError):
    """A mapping is wrong in itself or does not fit the schemas."""


class NoUsableKey(MappingError):
    """A root has no unique, never-NULL key to page by."""


class UnsupportedType(MappingError):
    """A column has a type that Changeover does not know how to carry."""


class DatabaseRefused(ChangeoverError):
    """A database refused a statement that nothing is wrong with: for a lock, a limit, a privilege."""


class BucketRefused(ChangeoverError):
    """A bucket refuses all that is asked of it: for its name, for credentials, for a quota."""


class TooManyRejects(ChangeoverError):
    """A table passed its limit of rejects; the range was stopped early."""


class RangeTakenOver(ChangeoverError):
    """Another run started the same range; this one stopped after its last committed chunk."""


class Interrupted(ChangeoverError):
    """The operator asked to stop; the current chunk was finished and committed first."""


class LedgerMissing(ChangeoverError):
    """The control tables are not in the new database, or are of another version."""


class NotCaptured(ConfigurationError):
    """A table would be copied while its changes are not noted: nothing was tried."""


@dataclass(frozen=True)
class Place:
    """Where something is wrong, from the mapping down to the column.

    Parameters: ``mapping`` its name, ``table`` the old or new table, ``column`` a column of it; each may be absent.
    """

    mapping: str | None = None
    table: str | None = None
    column: str | None = None

    def __str__(self) -> str:
        parts = [
            f"{word} {value}"
            for word, value in (("mapping", self.mapping), ("table", self.table), ("column", self.column))
            if value
        ]
        return ", ".join(parts)
