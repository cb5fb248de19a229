"""Where each root stands, from the ledger alone: a handful of queries, whatever the number of tables and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from changeover.ledger.clock import now
from changeover.ledger.image_status import rows_waiting
from changeover.ledger.kept import Kept, kept
from changeover.ledger.mappings import planned_roots
from changeover.ledger.tables import mapping, range_, reject
from changeover.ledger.verified import Overview, overview
from changeover.mapping import Registry

if TYPE_CHECKING:
    from changeover.project import Project


@dataclass(frozen=True)
class TableStatus:
    """A root's progress. Rates are rows read a second; ``eta_seconds`` is None when nothing is running or known.

    ``state``: not planned, planned, running, failed (some range failed), rejects (all copied, some rows or images of theirs
    rejected), stale (the mapping changed since some range was copied), unknown (all copied, but whether the mapping changed since
    can't be told), images (all copied, some rows wait for images), done. ``unknown`` says why it can't be told.
    ``ranges_verified`` were found right by the mapping as it is, the first of them looked at ``verified_since``;
    ``ranges_copied_again`` were copied again after they had been looked at; ``drifted`` are open findings of verification.
    ``images_waiting`` and ``images_rejected`` count rows that keep an old URL, until their image is moved, or since it was
    rejected.
    """

    root: str
    database: str
    domain: str
    targets: tuple[str, ...]
    ranges_total: int
    ranges_done: int
    ranges_failed: int
    ranges_running: int
    ranges_stale: int
    rows_planned: int
    rows_read: int
    written: int
    unchanged: int
    deleted: int
    rejected_open: int
    waiting: int
    rate: float
    eta_seconds: float | None
    state: str
    updated_at: datetime | None
    unknown: str | None = None
    kept: Kept | None = None
    """How it is kept in step with its old table; None where nothing does."""
    ranges_verified: int = 0
    verified_since: datetime | None = None
    drifted: int = 0
    ranges_copied_again: int = 0
    images_waiting: int = 0
    images_rejected: int = 0


@dataclass(frozen=True)
class Fingerprints:
    """What the mappings of each root would write now; by root too, why that can't be told."""

    known: Mapping[str, str]
    unknown: Mapping[str, str] = field(default_factory=dict[str, str])


def table_status(project: Project) -> list[TableStatus]:
    """The status of every root of a project whose databases are open, parents first."""
    moves = project.moves  # binding may write to the ledger: not while a connection is read from
    with project.reading() as connection:
        now_written = Fingerprints({root: move.fingerprint for root, move in moves.items()})
        return statuses(connection, project.registry, now_written)


def statuses(connection: sa.Connection, registry: Registry, written: Fingerprints) -> list[TableStatus]:
    """The status of every root, parents first, from the ledger alone."""
    ranges = {row["root"]: row for row in connection.execute(_ranges()).mappings()}
    stale = _stale(connection, written.known)
    rejects, images = _rejects(connection, registry), _images(connection, registry)
    planned, in_step = planned_roots(connection), kept(connection, registry)
    seen = overview(connection, written.known)
    return [
        _status(
            registry,
            root,
            ranges.get(root),
            rejects.get(root, (0, 0)),
            images.get(root, (0, 0)),
            stale.get(root, 0),
            root in planned,
            written.unknown.get(root),
            in_step.get(root),
            seen.get(root, Overview()),
        )
        for root in registry.roots
    ]


def copied_roots(connection: sa.Connection) -> set[str]:
    """The roots of which some range is done: those whose mapping may have changed since."""
    done = sa.select(range_.c.root).where(range_.c.status == "done").distinct()
    return set(connection.execute(done).scalars())


def _ranges() -> sa.Select[Any]:
    def having(status: str) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((range_.c.status == status, 1), else_=0)).label(status)

    summed = [
        sa.func.sum(range_.c[name]).label(name)
        for name in ("rows_planned", "rows_read", "inserted", "updated", "unchanged", "deleted")
    ]
    return sa.select(
        range_.c.root,
        sa.func.count().label("total"),
        *(having(status) for status in ("planned", "running", "failed", "done")),
        *summed,
        sa.func.sum(
            sa.case((range_.c.status == "running", range_.c.rows_planned - range_.c.rows_read), else_=0)
        ).label("left_running"),
        sa.func.sum(
            sa.case((range_.c.status.in_(("planned", "failed")), range_.c.rows_planned), else_=0)
        ).label("left_planned"),
        sa.func.min(range_.c.started_at).label("started_at"),
        sa.func.max(range_.c.finished_at).label("finished_at"),
        sa.func.sum(range_.c.seconds).label("seconds"),
    ).group_by(range_.c.root)


def _stale(connection: sa.Connection, fingerprints: Mapping[str, str]) -> dict[str, int]:
    counts = (
        sa.select(range_.c.root, range_.c.fingerprint, sa.func.count())
        .where(range_.c.status == "done")
        .group_by(range_.c.root, range_.c.fingerprint)
    )
    found: dict[str, int] = {}
    for root, fingerprint, number in connection.execute(counts).all():
        if root in fingerprints and fingerprint != fingerprints[root]:
            found[root] = found.get(root, 0) + int(number)
    return found


def _rejects(connection: sa.Connection, registry: Registry) -> dict[str, tuple[int, int]]:
    """Rejected rows and those that wait, by root: of the mappings there are, as `changeover rejects` lists them."""
    roots = {m.name: m.root_name for m in registry.mappings}
    waiting = sa.func.count(sa.distinct(sa.case((reject.c.kind == "waiting", reject.c.root_key))))
    statement = (
        sa.select(mapping.c.name, sa.func.count(sa.distinct(reject.c.root_key)), waiting)
        .join(mapping, mapping.c.id == reject.c.mapping_id)
        .group_by(mapping.c.id, mapping.c.name)
    )
    found: dict[str, tuple[int, int]] = {}
    for name, total, waits in connection.execute(statement).all():
        if name not in roots:
            continue  # see `changeover.ledger.orphans`
        root = roots[name]
        before = found.get(root, (0, 0))
        found[root] = (before[0] + int(total), before[1] + int(waits))
    return found


def _images(connection: sa.Connection, registry: Registry) -> dict[str, tuple[int, int]]:
    """Rows that wait for images, and rows whose image was rejected, by root."""
    roots = {m.name: m.root_name for m in registry.mappings}
    found: dict[str, tuple[int, int]] = {}
    for one in rows_waiting(connection, roots):
        root = roots[one.mapping]
        before = found.get(root, (0, 0))
        found[root] = (before[0] + one.waiting, before[1] + one.rejected)
    return found


def _status(
    registry: Registry,
    root: str,
    row: Any,
    rejects: tuple[int, int],
    images: tuple[int, int],
    stale: int,
    planned: bool,
    unknown: str | None,
    in_step: Kept | None,
    seen: Overview,
) -> TableStatus:
    bounds = registry.of_root(root)
    open_, waiting = rejects
    images_waiting, images_rejected = images
    number = (
        {
            name: int(row[name] or 0)
            for name in row
            if name not in ("root", "started_at", "finished_at", "seconds")
        }
        if row
        else {}
    )
    rate = _rate(row)
    left = number.get("left_running", 0) + number.get("left_planned", 0)
    running = number.get("running", 0)
    unknown = unknown if number.get("done") else None
    return TableStatus(
        root=root,
        database=bounds[0].database,
        domain=bounds[0].domain,
        targets=tuple(m.target for m in bounds),
        ranges_total=number.get("total", 0),
        ranges_done=number.get("done", 0),
        ranges_failed=number.get("failed", 0),
        ranges_running=running,
        ranges_stale=stale,
        rows_planned=number.get("rows_planned", 0),
        rows_read=number.get("rows_read", 0),
        written=number.get("inserted", 0) + number.get("updated", 0),
        unchanged=number.get("unchanged", 0),
        deleted=number.get("deleted", 0),
        rejected_open=open_,
        waiting=waiting,
        rate=rate,
        eta_seconds=max(0.0, left / rate) if running and rate else None,
        state=_state(
            number,
            rejects=open_ + images_rejected,
            stale=stale,
            waiting=images_waiting,
            planned=planned,
            unknown=unknown is not None,
        ),
        updated_at=row["finished_at"] if row else None,
        unknown=unknown,
        kept=in_step,
        ranges_verified=seen.ranges,
        verified_since=seen.since,
        drifted=seen.drifted,
        ranges_copied_again=seen.copied,
        images_waiting=images_waiting,
        images_rejected=images_rejected,
    )


def _rate(row: Any) -> float:
    """Over the wall clock from the first start to the last end (or now), which counts ranges copied side by side rightly."""
    if not row or not row["started_at"] or not row["rows_read"]:
        return 0.0
    end = now() if row["running"] else row["finished_at"] or now()
    wall = max((end - row["started_at"]), timedelta(milliseconds=1)).total_seconds()
    return int(row["rows_read"]) / max(min(wall, float(row["seconds"] or wall)), 1e-3)


def _state(
    number: dict[str, int], *, rejects: int, stale: int, waiting: int, planned: bool, unknown: bool
) -> str:
    if not number.get("total"):
        return "done" if planned else "not planned"
    if number["running"]:
        return "running"
    if number["failed"]:
        return "failed"
    if number["done"] < number["total"]:
        return "planned"
    if rejects:
        return "rejects"
    if stale:
        return "stale"
    return "unknown" if unknown else "images" if waiting else "done"
