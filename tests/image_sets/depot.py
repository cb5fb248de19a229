"""A carrier whose images are what a test says: for interleavings that no host and no bucket can be brought to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from changeover.images.image import Arrived, Outcome, Refused, Wanted
from changeover.mapping import ImageSet
from tests.transfer.image_scene import key_of


@dataclass
class Depot:
    """Has every image but those in ``refused``, and remembers which it was asked for."""

    refused: dict[str, bool] = field(default_factory=dict[str, bool])
    """By URL, whether it is worth another attempt."""
    asked: list[str] = field(default_factory=list[str])
    before: Callable[[str], None] = lambda _: None

    def carry(self, images: ImageSet, wanted: Iterable[Wanted]) -> Iterator[Outcome]:
        """See `Carrier`."""
        del images
        for one in wanted:
            self.before(one.url)
            self.asked.append(one.url)
            yield self.outcome(one.url)

    def outcome(self, url: str) -> Outcome:
        if url in self.refused:
            return Refused(url, "no image", "it is HTML", self.refused[url])
        return Arrived(url, url, key_of(url), 100, "image/png", "0" * 64, 10, 20)
