"""Two transactions that note the same of one root, since both have applied it at once."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import exc


class Crossed(Exception):
    """Somebody else has noted it since this transaction looked, and committed. Undo it, and begin again: it will see the note.

    Whoever holds a table's lock shared may come to a root that another holder applies as well: a range's chunk, and rejects or rows
    with images that are applied again by their keys.
    """


@contextmanager
def noting() -> Generator[None, None, None]:
    """Insert notes that were not there when they were looked for. Raises Crossed if they are there now."""
    try:
        yield
    except exc.IntegrityError as error:
        raise Crossed from error
