"""The part of ``changeover status`` that tells how tables are kept in step: live sync, sweeps, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from changeover.capture.outbox import COUNTED
from changeover.cli import output
from changeover.ledger.clock import now
from changeover.ledger.kept import Kept
from changeover.ledger.status import TableStatus
from changeover.ledger.sync import SyncState

COLUMNS = ("root", "kept by", "state", "behind", "lag", "rows/s", "applied", "seen ago")
_COLOURS = {"running": "green", "silent": "red", "failed": "red", "NOT WATCHED": "red"}


def is_wrong(found: Kept | None) -> bool:
    """Whether changes may be missed, or a live sync ended that was not told to. Having been stopped is no finding."""
    return found is not None and (bool(found.not_watched) or found.state in ("failed", "silent"))


def show(found: Sequence[TableStatus], syncs: Sequence[SyncState], *, tight: bool) -> None:
    """Print it, if anything is kept in step."""
    rows = [(one.root, one.kept) for one in found if one.kept is not None]
    if not rows:
        return
    output.answer("")
    output.table("", COLUMNS, (_row(root, kept) for root, kept in rows), numbers=COLUMNS[3:], tight=tight)
    for sync in syncs:
        output.answer(_sync(sync))
    for line in (*_not_watched(rows), *_sweeps(rows)):
        output.answer(line)


def _row(root: str, kept: Kept) -> tuple[object, ...]:
    state = "NOT WATCHED" if kept.not_watched else kept.state
    return (
        root,
        kept.by,
        Text(state, style=_COLOURS.get(state, "")),
        "?" if kept.lag_keys is None else output.count(kept.lag_keys),
        output.duration(kept.lag_seconds) if kept.lag_keys else "",
        output.count(kept.rate) if kept.rate else "",
        output.count(kept.keys_applied),
        _ago(kept.seen_at),
    )


def changes_behind(keys: int) -> str:
    """How many changes wait, as far as they are counted."""
    return f"{'at least ' if keys >= COUNTED else ''}{output.number(keys, 'change')} behind"


def _sync(sync: SyncState) -> str:
    begin = f"`changeover sync run {sync.database}`, or its job in Dagster,"
    heard = f"heard of {_ago(sync.beat_at)} ago"
    behind = changes_behind(sync.lag_keys)
    if sync.lag_keys:
        behind += f", the oldest for {output.duration(sync.lag_seconds)}"
    match sync.state:
        case "running":
            return f"live sync of {sync.database}: running, {heard}, {behind}"
        case "not started":
            return f"live sync of {sync.database}: not started; {begin} does"
        case "silent":
            return f"live sync of {sync.database}: SILENT: last {heard}, {behind} then; {begin} takes over"
        case "failed":
            return f"live sync of {sync.database}: FAILED {_ago(sync.beat_at)} ago: {sync.error}; {begin} goes on"
        case _:
            return f"live sync of {sync.database}: stopped {_ago(sync.beat_at)} ago, {behind} then; {begin} goes on"


def _not_watched(rows: Sequence[tuple[str, Kept]]) -> Iterator[str]:
    """Each table once, whatever the number of roots that it is joined to."""
    roots: dict[tuple[str, str, str], list[str]] = {}
    for root, kept in rows:
        database = root.partition(".")[0]
        for one in kept.not_watched:
            roots.setdefault((database, one.table, one.reason), []).append(root)
    for (database, table, reason), read_by in roots.items():
        yield f"capture of {database}.{table}, read for {', '.join(read_by)}, is broken, and its changes are not applied: {reason}"


def _sweeps(rows: Sequence[tuple[str, Kept]]) -> Iterator[str]:
    swept = [(root, kept) for root, kept in rows if kept.by == "sweeps"]
    if swept:
        roots, unseen = ", ".join(root for root, _ in swept), "; ".join(swept[0][1].unseen)
        yield (
            f"kept by sweeps of a high-water column: {roots}. These do not see: {unseen}. `changeover backfill --again` makes that "
            "good, and `changeover verify` shows whether anything is left"
        )
    if any(kept.seen_at is None for _, kept in swept):
        yield "never swept: `changeover sync sweep`, before the first backfill and then as often as you like"


def _ago(at: datetime | None) -> str:
    return "never" if at is None else output.duration(max(0.0, (now() - at).total_seconds()))
