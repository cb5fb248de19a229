"""The old image host, and the bucket that its images move to: both private, and gone when the demo ends."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from rich.table import Table
from rich.text import Text

from changeover.cli.output import count, duration
from changeover.ledger.image_status import RowsWaiting, SetStatus, rows_waiting, sets
from changeover.ledger.tables import image
from changeover.project import Project
from demo.servers import ImageHost, SeaweedFS


@contextmanager
def private_images() -> Generator[dict[str, str]]:
    """Both servers; the variables that lead there.

    Raises: MissingProgram, ServerFailed.
    """
    with SeaweedFS(["images"]) as bucket, ImageHost() as host:
        yield {**bucket.environment(), **host.environment()}


def looked_at(project: Project) -> list[SetStatus]:
    """How far each set is."""
    with project.reading() as connection:
        return sets(connection)


def seconds_of(project: Project) -> float:
    """From the first image that was named to the last one that was stored."""
    query = sa.select(sa.func.min(image.c.first_seen), sa.func.max(image.c.stored_at))
    with project.reading() as connection:
        first, last = connection.execute(query).one()
    return (last - first).total_seconds() if first and last else 0.0


def waiting(project: Project) -> list[RowsWaiting]:
    """Tables whose rows keep an old URL."""
    with project.reading() as connection:
        return rows_waiting(connection)


def progress_of(found: Sequence[SetStatus]) -> str:
    """All sets in a line."""
    parts = [
        f"{one.image_set} {count(one.stored)} of {count(one.stored + one.wanted + one.lost + one.rejected)}"
        + (f" ({count(one.rejected)} rejected)" if one.rejected else "")
        for one in found
    ]
    return "images: " + ", ".join(parts) if parts else ""


def are_moved(found: Sequence[SetStatus], rows: Sequence[RowsWaiting]) -> bool:
    """Every image is stored or rejected, and no row waits."""
    return (
        bool(found)
        and not any(one.wanted or one.lost for one in found)
        and not any(one.waiting for one in rows)
    )


def table_of(found: Sequence[SetStatus]) -> Table:
    """The summary of images as it is printed."""
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column("images", no_wrap=True)
    for title in ("named by rows", "in the bucket", "objects", "MB", "rejected"):
        made.add_column(title, justify="right", no_wrap=True)
    made.add_column("")
    for one in found:
        total = one.stored + one.wanted + one.rejected + one.lost
        whole = not (one.wanted or one.lost)
        made.add_row(
            one.image_set,
            *map(count, (total, one.stored, one.objects)),
            f"{one.bytes / 1e6:,.1f}",
            count(one.rejected),
            Text("ok", style="green") if whole else Text("NOT MOVED", style="bold red"),
        )
    return made


def words_of(found: Sequence[SetStatus], rows: Sequence[RowsWaiting], seconds: float) -> list[str]:
    """What the table doesn't say by itself. ``seconds`` were spent on moving images."""
    stored = sum(one.stored for one in found)
    rate = f", {count(stored / seconds)} a second" if seconds else ""
    kept = [f"{count(one.rejected)} of {one.target}" for one in rows if one.rejected]
    lines = [
        f"{count(stored)} images were fetched, checked and stored, each once ({duration(seconds)}{rate})"
    ]
    if kept:
        lines.append(
            f"rows that keep an old URL, since its image was gone, cut off or none: {', '.join(kept)}"
        )
    return lines
