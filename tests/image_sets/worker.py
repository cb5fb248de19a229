"""A process that moves images and kills itself at a point of its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from changeover.dialects import driver_url, of
from changeover.image_sets import batch, lease, move_images, reapply
from changeover.image_sets.opening import open_carrier
from changeover.mapping import ImageSet, Registry, image, old
from changeover.mapping import Mapping as Table
from changeover.project import Project

POINTS = ("taken", "stored", "recorded", "applied")
"""The steps of a batch: images are leased; some are in the bucket; that is in the manifest; their rows are applied."""


def mapping(folder: str) -> Table:
    """Photos in a folder."""
    product = old("shop", "tb_product")
    photos = ImageSet(
        "photos", folder=Path(folder), base="http://img.example/", prefix=f"{Path(folder).name}/"
    )
    return Table("product", product, {"image": image(product.img, images=photos)}, rows_per_range=40)


def open_project(old_url: str, new_url: str, folder: str) -> Project:
    """The project on engines of its own."""
    o, n = driver_url(old_url), driver_url(new_url)
    engines = {"shop": of(o).engine(o, "old", 4)}
    return Project(Registry((mapping(folder),)), engines, of(n).engine(n, "new", 4), workers=2)


def main(
    old_url: str, new_url: str, folder: str, environment: Mapping[str, str], point: str, nth: int
) -> None:
    """Move everything, and die when ``point`` is reached for the ``nth`` time."""
    os.environ.update(environment)
    lease.SECONDS, lease.RENEWED_EVERY, batch.OTHERS_SECONDS = 1.0, 0.2, 0.05
    batch.RECORDED_AT_ONCE = 8
    left = nth

    def reached(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    _after(lease.Lease, "take", lambda: reached("taken"))
    _before(batch.manifest, "record", lambda: reached("stored"))
    _after(batch.Batch, "recorded", lambda: reached("recorded"))
    _after(reapply, "apply_all", lambda: reached("applied"))
    with open_project(old_url, new_url, folder) as project, open_carrier(4) as carrier:
        for _ in move_images(project, "shop.tb_product", carrier):
            pass


def _after(owner: Any, name: str, work: Callable[[], None]) -> None:
    done = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        result = done(*args, **named)
        work()
        return result

    setattr(owner, name, wrapped)


def _before(owner: Any, name: str, work: Callable[[], None]) -> None:
    done = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        work()
        return done(*args, **named)

    setattr(owner, name, wrapped)
