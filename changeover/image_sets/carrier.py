"""What carries images from where they are to the new bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from changeover.images.image import Outcome, Wanted
from changeover.mapping import ImageSet


class Carrier(Protocol):
    """Carries images of any set; safe to be used for one set after the other."""

    def carry(self, images: ImageSet, wanted: Iterable[Wanted]) -> Iterator[Outcome | None]:
        """Carry images, several at once, and tell what became of each as it ends, and None now and then while none does. Closing
        the iterator stops after those under way; ``close`` may return what was stored of them.

        Raises: ChangeoverError when nothing can be carried: the bucket refuses, credentials are wrong.
        """
        ...
