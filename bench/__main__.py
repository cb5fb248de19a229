"""`python -m bench`: run the measurements and print them. It ends with 1 when something that is promised was missed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from bench import report
from bench.capture import capture
from bench.copying import copying
from bench.figure import Figure
from bench.images import images
from bench.known_images import known_images
from bench.machine import machine
from bench.memory import memory
from bench.paging import paging
from bench.planning import planning
from bench.site import Site, site
from bench.verify import verifying

ROWS = 2_000_000
PART = 5
"""A copy that is compared with others takes so many-th part of the table: Core would need minutes a round for all of it."""

Measurement = Callable[[Site, int], list[Figure]]

MEASUREMENTS: dict[str, Measurement] = {
    "paging": lambda where, _: [f for kind in ("mariadb", "postgres", "sqlite") for f in paging(where, kind)],
    "planning": lambda where, rounds: [
        f for kind in ("mariadb", "postgres") for f in planning(where, kind, rounds)
    ],
    "copy": lambda where, rounds: copying(where, "mariadb", "mariadb", where.rows // PART, rounds),
    "copy-others": lambda where, rounds: [
        *copying(where, "postgres", "postgres", where.rows // PART, rounds),
        *copying(where, "mariadb", "postgres", where.rows // PART, rounds),
        *copying(where, "sqlite", "sqlite", where.rows // PART, rounds),
    ],
    "capture": lambda where, rounds: [
        f for kind in ("mariadb", "postgres") for f in capture(where, kind, rounds)
    ],
    "verify": verifying,
    "images": lambda _, rounds: images(rounds),
    "known-images": lambda where, _: [
        f for kind in ("mariadb", "postgres") for f in known_images(where, kind)
    ],
    "memory": lambda where, _: memory(where, "mariadb"),
}


def main(
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(MEASUREMENTS)}; may be repeated.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the coupon table.")] = ROWS,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of which the medians are shown.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure paging, planning, copying, capture, verification, carrying images and memory, on private servers made for it."""
    for name in only or []:
        if name not in MEASUREMENTS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(MEASUREMENTS)}", param_hint="--only")
    progress = Console(stderr=True)
    found, figures = machine(), list[Figure]()
    with site(rows) as where:
        for name in only or list(MEASUREMENTS):
            with progress.status(f"measuring {name} …"):
                figures.extend(MEASUREMENTS[name](where, rounds))
    if json:
        print(report.document(figures, found))
    else:
        report.show(figures, found, Console(width=None if sys.stdout.isatty() else 140))
    raise typer.Exit(1 if any(figure.kept is False for figure in figures) else 0)


if __name__ == "__main__":
    typer.run(main)
