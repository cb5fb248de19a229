"""The report: a table for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.figure import Figure

_MARKS = {None: "", True: "[green]kept[/green]", False: "[red]missed[/red]"}


def show(figures: Sequence[Figure], machine: dict[str, object], console: Console) -> None:
    """The figures as a table, a group after the other."""
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), highlight=False)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "value", "unit", "promised", ""):
        shown.add_column(name, justify="right" if name == "value" else "left")
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            shown.add_section()
            shown.add_row(f"[bold]{group}[/bold]")
        promised = f"{figure.bound} {figure.limit:g}" if figure.limit is not None else ""
        shown.add_row(f"  {figure.name}", number(figure.value), figure.unit, promised, _MARKS[figure.kept])
    console.print(shown)


def document(figures: Sequence[Figure], machine: dict[str, object]) -> str:
    """The same as JSON."""
    found = [{**dataclasses.asdict(figure), "kept": figure.kept} for figure in figures]
    return json.dumps({"machine": machine, "figures": found}, ensure_ascii=False, indent=2)


def number(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
