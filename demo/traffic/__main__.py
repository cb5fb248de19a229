"""`python -m demo.traffic --database URL --domain shop --rate 500 --seconds 60 --seed 1`: play traffic, print a summary as JSON."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import Annotated

import typer

from changeover.settings import mask
from demo.traffic.run import DOMAINS, Traffic, run


def main(
    database: Annotated[str, typer.Option(help="URL of the old database; it must hold the sample.")],
    domain: Annotated[str, typer.Option(help=f"One of {', '.join(DOMAINS)}.")],
    rate: Annotated[float, typer.Option(min=0.1, help="Changed rows a second.")] = 100.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed asks for the same actions.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Connections.")] = 4,
    dirt: Annotated[
        float, typer.Option(min=0, max=1, help="Share of codes that no mapping knows, which end as rejects.")
    ] = 0.0,
) -> None:
    """Change an old sample database as its application would. SIGTERM and Ctrl-C end it after the open transactions."""
    if domain not in DOMAINS:
        raise typer.BadParameter(f"{domain!r} is none of {', '.join(DOMAINS)}", param_hint="--domain")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        summary = run(Traffic(database, domain, rate, seconds, seed, connections, dirt), stop)
    except Exception as error:  # noqa: BLE001 - said in a line, without a password
        print(mask(f"traffic: {type(error).__name__}: {error}"), file=sys.stderr)
        raise typer.Exit(1) from None
    print(json.dumps(summary.document(), ensure_ascii=False))


if __name__ == "__main__":
    typer.run(main)
