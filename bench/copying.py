"""Copying a part of the coupon table into an empty one: Changeover, and whom it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import sqlalchemy as sa

from bench import core_peer, floor, mappings
from bench.figure import Figure, Taken, in_turns
from bench.site import Database, Site
from bench.tables import new_coupon
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.project import Project
from changeover.transfer import RangeDone, backfill

RANGES = 4
"""The copied part has so many: two for each of two workers."""

AT_LEAST = 3.0
CORE = "SQLAlchemy Core, executemany"
FLOORS = {1: "floor: INSERT..SELECT, 1 connection", 2: "floor: INSERT..SELECT, 2 connections"}


def copying(site: Site, old: Database, new: Database, part: int, rounds: int) -> list[Figure]:
    """What each contender takes for the first ``part`` rows, and for going over rows that are right already."""
    with site.move(old, new, rows_per_range=max(part // RANGES, 1)) as project:
        case = _Case(site, project, part)
        workers = (1,) if project.dialect.single_writer else (1, 2)
        contenders = {_workers(n): case.fresh(case.backfill(n)) for n in workers}
        if new == "mariadb":
            for n in workers:
                contenders[f"{_workers(n)}, local_infile off"] = case.fresh(case.backfill(n), infile=False)
        contenders[CORE] = case.fresh(lambda: core_peer.copy(project, case.ranges))
        if (old, new) == ("mariadb", "mariadb"):
            for n in workers:
                contenders[FLOORS[n]] = case.fresh(case.floor(n))
        taken = in_turns(contenders, rounds)
        again = in_turns({_workers(n): case.again(case.backfill(n)) for n in workers}, rounds)
    group = f"copy {old} to {new}"
    figures = [figure for name, took in taken.items() for figure in _rates(group, name, took, part)]
    figures += _ratios(group, taken, promised=(old, new) == ("mariadb", "mariadb"))
    for name, took in again.items():
        figures.extend(_rates(f"again {old} to {new}", f"{name}, all rows right", took, part))
    return figures


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _rates(group: str, name: str, took: Taken, rows: int) -> list[Figure]:
    return [
        Figure(group, name, rows / took.seconds / 1000, "thousand rows/s"),
        Figure(group, f"{name}: processors", took.cpu / rows * 1e6, "µs/row"),
    ]


def _ratios(group: str, taken: dict[str, Taken], *, promised: bool) -> list[Figure]:
    figures: list[Figure] = []
    for name, took in taken.items():
        if "worker" not in name:
            continue
        times = taken[CORE].seconds / took.seconds
        if promised and name == "2 workers":
            figures.append(Figure(group, f"{name} / Core", times, "", "at least", AT_LEAST))
        else:
            figures.append(Figure(group, f"{name} / Core", times, ""))
        figures.append(Figure(group, f"{name} / Core, by processors", taken[CORE].cpu / took.cpu, ""))
    for count, floor_name in FLOORS.items():
        if floor_name in taken:
            took = taken[_workers(count)]
            figures.append(
                Figure(group, f"{_workers(count)} / floor", taken[floor_name].seconds / took.seconds, "")
            )
            figures.append(
                Figure(
                    group, f"{_workers(count)} / floor, by processors", taken[floor_name].cpu / took.cpu, ""
                )
            )
    return figures


@dataclass
class _Case:
    site: Site
    project: Project
    rows: int

    def __post_init__(self) -> None:
        with self.project.new.engine.connect() as connection:
            self.ranges: list[KeyRange] = ranges_of(connection, mappings.COUPONS)[:RANGES]
        self.expected: tuple[int, ...] | None = None

    def backfill(self, workers: int) -> Callable[[], list[RangeDone]]:
        names = [found.name for found in self.ranges]

        def work() -> list[RangeDone]:
            done = list(backfill(self.project, mappings.COUPONS, names, workers=workers))
            for ended in done:
                if ended.error or ended.rejects_open:
                    raise RuntimeError(ended.error or f"{ended.rejects_open} rows were rejected")
            return done

        return work

    def floor(self, connections: int) -> Callable[[], None]:
        return lambda: floor.copy(self.project, self.ranges, connections)

    def fresh(self, work: Callable[[], object], *, infile: bool = True) -> Callable[[], Taken]:
        """``work``, measured from an empty table on; everybody has to write the same rows."""

        def measured() -> Taken:
            self._empty(infile)
            taken = self._take(work)
            self._check()
            return taken

        return measured

    def again(self, work: Callable[[], list[RangeDone]]) -> Callable[[], Taken]:
        """``work`` on rows that are right: it must find nothing to do."""

        def measured() -> Taken:
            if self.project.dialect.family == "mysql":
                self._set_infile(True)
            done: list[RangeDone] = []
            taken = self._take(lambda: done.extend(work()))
            if (
                any(d.range.written or d.range.deleted for d in done)
                or sum(d.range.unchanged for d in done) != self.rows
            ):
                raise RuntimeError("a second run wrote rows that were right")
            return taken

        self.fresh(self.backfill(1))()
        return measured

    def _take(self, work: Callable[[], object]) -> Taken:
        began, spent = perf_counter(), self.site.cpu()
        work()
        return Taken(perf_counter() - began, self.site.cpu() - spent)

    def _empty(self, infile: bool) -> None:
        with self.project.new.engine.begin() as connection:
            lite = self.project.dialect.family == "sqlite"
            connection.exec_driver_sql("DELETE FROM coupon" if lite else "TRUNCATE TABLE coupon")
        if self.project.dialect.family == "mysql":
            self._set_infile(infile)

    def _set_infile(self, on: bool) -> None:
        with self.project.new.engine.begin() as connection:
            connection.exec_driver_sql(f"SET GLOBAL local_infile = {int(on)}")
        self.project.new.engine.dispose()  # sessions remember how it was

    def _check(self) -> None:
        c = new_coupon.c
        sums = (
            sa.func.count(),
            sa.func.sum(c.id),
            sa.func.sum(c.member_id),
            sa.func.sum(sa.func.length(c.state)),
        )
        with self.project.new.engine.connect() as connection:
            found = tuple(int(value or 0) for value in connection.execute(sa.select(*sums)).one())
        if found[0] != self.rows or self.expected not in (None, found):
            raise RuntimeError(
                f"expected {self.expected or self.rows}, found {found}: not everybody wrote the same rows"
            )
        self.expected = found
