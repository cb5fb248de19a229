"""The rule `image-sets-differ`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.rule import Rule
from changeover.check.site import Site
from changeover.mapping import Image, ImageSet


class ImageSetsDiffer(Rule):
    """Two sets of images have one name, and are declared differently.

    The manifest keeps images by their set's name: which declaration an image was moved by would be a matter of chance.

    ```python
    PHOTOS = ImageSet("photos", hosts=("img.example.com",))    # once, and imported by all mappings that use it
    ```

    Instead: give one of them another name, or declare the set once.
    """

    name: ClassVar[str] = "image-sets-differ"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        first: dict[str, ImageSet] = {}
        for case in site.cases:
            for name, made in case.mapping.made.items():
                if not isinstance(made, Image):
                    continue
                known = first.setdefault(made.images.name, made.images)
                if known != made.images:
                    message = f"set {made.images.name!r} of images is declared otherwise elsewhere"
                    yield self.find(case, message, "declare it once, or give one another name", column=name)
