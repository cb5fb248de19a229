"""The error of a mapping that doesn't fit the schemas, in parts that a report can lay out."""

from __future__ import annotations

from changeover.errors import MappingError, Place


class Mismatch(MappingError):
    """A mapping that doesn't fit the schemas: where, what was found, and what to write or do instead."""

    def __init__(self, place: Place, what: str, remedy: str) -> None:
        self.place = place
        self.what = what
        self.remedy = remedy
        super().__init__(f"{place}: {what}; {remedy}")
