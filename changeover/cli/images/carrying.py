"""How many images are on their way at a time."""

from __future__ import annotations

from typing import Annotated

import typer

from changeover.image_sets.opening import DEFAULT_WORKERS

ImageWorkers = Annotated[
    int,
    typer.Option(
        "--workers", "-w", min=1, metavar="N", help="Images on their way at a time: more for a distant host."
    ),
]
USUAL = DEFAULT_WORKERS
