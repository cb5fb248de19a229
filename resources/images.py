"""The bucket that images are moved to, as a Dagster resource."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import dagster as dg

from changeover.errors import ChangeoverError
from changeover.image_sets import Carrier
from changeover.image_sets.opening import BUCKET, DEFAULT_WORKERS
from changeover.image_sets.opening import open_carrier as opened
from changeover.settings import mask

IMAGES = "image_bucket"
"""Its resource key."""


class ImageBucket(dg.ConfigurableResource):  # pyright: ignore[reportMissingTypeArgument]
    """The new bucket, and how many images are on their way at a time.

    Parameters: ``variable`` of the environment, which holds its name; its credentials stand in the standard ``AWS_*`` variables.
    """

    variable: str = BUCKET
    workers: int = DEFAULT_WORKERS


@contextmanager
def open_carrier(resources: Any) -> Generator[Carrier]:
    """What carries images to the bucket.

    Raises: dagster.Failure with a message for the operator when the settings are missing or wrong, or the bucket refuses.
    """
    bucket = cast("ImageBucket", getattr(resources, IMAGES))
    try:
        with opened(bucket.workers) as carrier:
            yield carrier
    except ChangeoverError as error:
        raise dg.Failure(mask(str(error)), allow_retries=False) from None
