"""``changeover sync run``: live sync in the foreground, of one or several old databases."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from changeover.capture import sync
from changeover.cli import options, output
from changeover.cli.kept import changes_behind
from changeover.cli.opening import open_project, open_registry
from changeover.cli.outcome import Code, end
from changeover.cli.stopping import Stopping
from changeover.errors import ConfigurationError
from changeover.mapping import Registry
from changeover.project import Project

LINE_SECONDS = 10.0
"""Between lines where there is no terminal to draw on."""
LOOK_SECONDS = 0.5


def run(
    databases: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATABASE]...",
            help="Old databases; when left out, all that are not swept by high-water columns.",
        ),
    ] = None,
    once: Annotated[
        bool,
        typer.Option("--once", help="End when the outboxes are empty and all waiting rows were tried again."),
    ] = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Apply what the old applications change, until Ctrl-C.

    Needs the triggers of `changeover sync install`. Backfills may run at the same time, in any order; whatever is killed,
    the same command goes on. Exits with 1 when capture of a table is broken and it is therefore not applied.

    Examples:

      changeover sync run
      changeover sync run shop --once
    """
    registry = open_registry(mappings)
    chosen = _chosen(registry, databases)
    # All mappings of a database: one of its entries may mean roots of several.
    read = Registry(tuple(mapping for mapping in registry.mappings if mapping.database in chosen))
    with open_project(registry, read, mappings) as project, Stopping() as stopping:
        figures = follow(project, chosen, stopping.event, once=once)
    if json:
        output.document(
            {"command": "sync run", "ok": not any(f.broken for f in figures), "databases": figures}
        )
    end(Code.FINDINGS if any(f.broken for f in figures) else Code.OK)


@dataclass
class Figures:
    """One database's live sync, as far as it has come."""

    database: str
    lag_keys: int = 0
    lag_seconds: float = 0.0
    keys_applied: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rejected: int = 0
    broken: list[str] = field(default_factory=list[str])
    rate: float = 0.0
    """Keys a second between the last two beats."""

    def take(self, beat: sync.Beat, seconds: float) -> None:
        """Take a beat in that came ``seconds`` after the last one."""
        counts: dict[str, float] = defaultdict(float)
        for root in beat.roots.values():
            for name, number in root.items():
                counts[name] += number
        for name in ("keys_applied", "inserted", "updated", "deleted", "rejected"):
            setattr(self, name, getattr(self, name) + int(counts[name]))
        self.lag_keys, self.lag_seconds, self.broken = beat.lag_keys, beat.lag_seconds, list(beat.broken)
        self.rate = round(counts["keys_applied"] / seconds, 1) if seconds > 0 else 0.0

    def words(self) -> str:
        """All of it in one line."""
        broken = f", BROKEN and not applied: {', '.join(self.broken)}" if self.broken else ""
        rejected = f", {output.count(self.rejected)} rejected" if self.rejected else ""
        return (
            f"{self.database}: {changes_behind(self.lag_keys)} ({output.duration(self.lag_seconds)}), "
            f"{output.number(self.keys_applied, 'row')} applied, {output.count(self.rate)}/s{rejected}{broken}"
        )


def follow(project: Project, databases: Sequence[str], stop: threading.Event, *, once: bool) -> list[Figures]:
    """Run the live syncs side by side and show them, until all have ended.

    Raises: what the first one raised that failed, after the others were stopped.
    """
    figures = [Figures(name) for name in databases]
    _ = project.moves  # bound once, before several threads ask for it
    with ThreadPoolExecutor(len(figures), thread_name_prefix="sync") as pool:
        running = {pool.submit(_one, project, one, stop, once) for one in figures}
        try:
            _watch(running, figures)
        finally:
            stop.set()
    return figures


def _one(project: Project, figures: Figures, stop: threading.Event, once: bool) -> None:
    last = time.monotonic()
    for beat in sync.run(project, figures.database, stop=stop, once=once):
        now = time.monotonic()
        figures.take(beat, now - last)
        last = now


def _watch(running: set[Future[None]], figures: list[Figures]) -> None:
    def drawn() -> RenderableType:
        return Text("\n".join(output.printable(one.words()) for one in figures))

    live = (
        Live(console=output.stderr(), get_renderable=drawn, refresh_per_second=2) if _is_terminal() else None
    )
    said = time.monotonic()
    if live:
        live.start()
    try:
        while running:
            done, running = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            if live is None and (time.monotonic() - said >= LINE_SECONDS or not running):
                said = time.monotonic()
                for one in figures:
                    output.say(f"{time.strftime('%H:%M:%S')} {one.words()}")
    finally:
        if live:
            live.stop()


def _is_terminal() -> bool:
    return bool(getattr(sys.stderr, "isatty", lambda: False)())


def _chosen(registry: Registry, databases: Sequence[str] | None) -> list[str]:
    unknown: list[Any] = [name for name in databases or () if name not in registry.databases]
    if unknown:
        raise ConfigurationError(
            f"no mapping reads an old database named {unknown[0]!r}; there are: {', '.join(registry.databases)}"
        )
    return list(dict.fromkeys(databases or registry.watched or registry.databases))
