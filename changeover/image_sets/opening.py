"""What carries images, made from the environment and from what each set declares.

S3 and image libraries take a third of a second to be imported: whoever moves no image doesn't wait for them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from changeover.image_sets.carrier import Carrier
from changeover.images.image import Outcome, Wanted
from changeover.mapping import ImageSet

if TYPE_CHECKING:
    from changeover.images.bucket import Bucket
    from changeover.images.names import KeyScheme
    from changeover.images.origins import Origin

BUCKET = "CHANGEOVER_BUCKET"
DEFAULT_WORKERS = 16
"""Images on their way at a time: a near host gains nothing beyond; one that is 50 ms away is worth 64."""


def open_bucket() -> Bucket:
    """The new bucket. Raises: ConfigurationError naming the variable that is unset or wrong; BucketRefused."""
    from changeover.images.bucket import Bucket

    return Bucket.from_environment()


PAUSE = 0.5
"""Seconds after which a run that waits for slow images notes the others, and looks whether it is to stop."""


@contextmanager
def open_carrier(workers: int = DEFAULT_WORKERS) -> Generator[Carrier]:
    """What carries images to the new bucket, ``workers`` at a time. Raises what `open_bucket` does."""
    with ExitStack() as origins:
        yield _Carrier(open_bucket(), workers, origins)


@dataclass
class _Carrier:
    bucket: Bucket
    workers: int
    stack: ExitStack
    origins: dict[str, Origin] = field(default_factory=dict[str, "Origin"])

    def carry(self, images: ImageSet, wanted: Iterable[Wanted]) -> Iterator[Outcome | None]:
        """See `Carrier`."""
        from changeover.images.transfer import transfer

        if images.name not in self.origins:
            self.origins[images.name] = origin_of(images)
            self.stack.callback(self.origins[images.name].close)
        origin = self.origins[images.name]
        run = transfer(origin, self.bucket, images.rules, wanted, self.workers, scheme_of(images))
        return run.pausing(PAUSE)


def origin_of(images: ImageSet) -> Origin:
    """Where a set's images are."""
    if images.bucket:
        from changeover.images.origins.bucket import BucketOrigin
        from changeover.images.s3 import Account

        account = Account.from_environment(images.profile or None)
        return BucketOrigin(images.bucket, images.base, account=account)
    if images.folder is not None:
        from changeover.images.origins.folder import FolderOrigin

        return FolderOrigin(images.folder, images.base)
    from changeover.images.guard import Guard
    from changeover.images.origins.http import HttpOrigin

    return HttpOrigin(Guard.from_environment(images.hosts))


def scheme_of(images: ImageSet) -> KeyScheme:
    """How the keys of a set are formed."""
    from changeover.images.names import by_content, by_path

    return {"content": by_content, "path": by_path}[images.keys](images.prefix)
