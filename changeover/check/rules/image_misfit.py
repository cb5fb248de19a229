"""The rule `image-misfit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Image
from changeover.types.json import Json
from changeover.types.text import Text

CONTENT_KEY = len("ab/cd/") + 64 + len(".webp")
"""Characters of a key that is formed by content, without its prefix."""


class ImageMisfit(MappingRule):
    """A column of images can't hold what becomes of their URLs.

    Keys by content have 75 characters, behind the set's prefix and the column's `url_prefix`, with which letters of other scripts
    are percent-encoded; rows whose key doesn't fit would be rejected. Columns hold text; lists of images may be JSON.

    Instead: make the new column larger, or of text.
    """

    name: ClassVar[str] = "image-misfit"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for made in case.made():
            if not isinstance(made.how, Image) or made.column.kind is None:
                continue
            kind, image = made.column.kind, made.how
            if not isinstance(kind, Text) and not (image.form == "json" and isinstance(kind, Json)):
                message = f"images become text, and the column is of type {kind.name}"
                yield self.find(case, message, "give the new column a type of text", column=made.column.name)
            elif isinstance(kind, Text) and kind.width is not None and image.images.keys == "content":
                longest = len(image.pointer(image.images.prefix + "a" * CONTENT_KEY))
                if longest > kind.width:
                    message = (
                        f"what an image becomes has {longest} characters, and the column holds {kind.width}"
                    )
                    yield self.find(case, message, "make the new column larger", column=made.column.name)
