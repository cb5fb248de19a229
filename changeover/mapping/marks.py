"""Marks: what an old database writes in the place of a value that it could not compute.

A mark begins with a character that no column takes (see `changeover.types.written.MARK`) and ends with the old value.
Staged, it says both that the row is a reject and what its value was.
"""

from changeover.types.written import MARK

UNMAPPED = f"{MARK}unmapped:"
"""Before a value that a value map has no entry for."""
NO_ZONE = f"{MARK}no zone:"
"""Before a time that could not be shifted to UTC."""

REASONS = {
    UNMAPPED: "the value map has no entry for this value",
    NO_ZONE: "the old database could not shift this time to UTC (a zero date, or a time zone it has not loaded)",
}
