"""Verifying all of the coupon table, and finding ten changed rows in it: Changeover, and reladiff on its defaults."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa

from bench import mappings
from bench.figure import Figure, Taken, in_turns
from bench.site import Site, engine
from bench.site import project as opened
from bench.tables import FIRST_COUPON, new_coupon, old_coupon
from changeover.drift import RangeVerified, resync, verify
from changeover.drift.checksum import old_sums
from changeover.drift.sums import Sums
from changeover.drift.verify import due
from changeover.ledger import verified as ledger
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill
from changeover.transfer.chunk import Span

RANGES = 8
CHANGED = 10
TIMES_THE_BACKFILL, TIMES_RELADIFF = 3.0, 5.0
OLD_SECONDS_A_MILLION = 1.0
RELADIFF = ("--from", "reladiff==0.6.0", "--with", "mysql-connector-python==9.5.0")
"""It is run from an environment of its own: it is no part of the project's."""
GROUP = "verify mariadb to mariadb"
SAME, MAPPED = "Changeover, the same table", "Changeover, through the mapping"


def verifying(site: Site, rounds: int) -> list[Figure]:
    """What verification takes of a table that is equal, and to find ten changed rows in it; what it asks of the old server."""
    with site.move("mariadb", "mariadb", rows_per_range=max(site.rows // RANGES, 1)) as project:
        began = perf_counter()
        for done in backfill(project, mappings.COUPONS):
            if done.error or done.rejects_open:
                raise RuntimeError(done.error or "rows were rejected")
        copied = perf_counter() - began
        _verified(project)  # a first time, for all alike: pages are warm, statements known
        equal = in_turns({"equal": lambda: _taken(site, lambda: _expect(project, 0))}, rounds)["equal"]
        old = _old_side(site, project)
        figures = [
            Figure(GROUP, "backfill, 2 workers", site.rows / copied / 1000, "thousand rows/s"),
            Figure(GROUP, "nothing changed, 2 workers", site.rows / equal.seconds / 1000, "thousand rows/s"),
            Figure(
                GROUP,
                "nothing changed / backfill",
                copied / equal.seconds,
                "",
                "at least",
                TIMES_THE_BACKFILL,
            ),
            Figure(GROUP, "both sides' processors", equal.cpu / site.rows * 1e6, "µs/row"),
            Figure(
                GROUP,
                "the old server's processors",
                old / site.rows * 1e6,
                "s per million rows",
                "at most",
                OLD_SECONDS_A_MILLION,
            ),
        ]
        return figures + _ten(site, project, rounds)


def _ten(site: Site, project: Project, rounds: int) -> list[Figure]:
    _change(site, project, new_coupon)
    with _alike(site) as alike:
        _change(site, alike, old_coupon)
        contenders: dict[str, Callable[[], Taken]] = {
            MAPPED: lambda: _taken(site, lambda: _expect(project, CHANGED)),
            SAME: lambda: _taken(site, lambda: _expect(alike, CHANGED)),
            "reladiff": lambda: _taken(site, lambda: _reladiff(site, alike)),
        }
        taken = in_turns(contenders, rounds)
    began = perf_counter()
    mended = sum(one.mended for one in resync(project, mappings.COUPONS))
    took = perf_counter() - began
    if mended != CHANGED:
        raise RuntimeError(f"{mended} rows were mended")
    group = f"{CHANGED} changed rows in {site.rows:,}"
    return [
        *(Figure(group, name, one.seconds, "s") for name, one in taken.items()),
        *(
            Figure(
                group,
                f"reladiff / {name}",
                taken["reladiff"].seconds / taken[name].seconds,
                "",
                "at least",
                TIMES_RELADIFF,
            )
            for name in (SAME, MAPPED)
        ),
        Figure(group, "mending them", took, "s"),
    ]


def _taken(site: Site, work: Callable[[], object]) -> Taken:
    began, spent = perf_counter(), site.cpu()
    work()
    return Taken(perf_counter() - began, site.cpu() - spent)


def _verified(project: Project) -> list[RangeVerified]:
    with project.new.engine.begin() as connection:
        one = ledger.begin(connection, "bench", "checksums")
    found = list(verify(project, mappings.COUPONS, due(project, mappings.COUPONS, one=one), one))
    with project.new.engine.begin() as connection:
        ledger.finish(connection, one)
    return found


def _expect(project: Project, rows: int) -> None:
    found = _verified(project)
    if sum(len(one.findings) for one in found) != rows or any(one.error for one in found):
        raise RuntimeError(f"{sum(len(one.findings) for one in found)} rows differ, not {rows}")


def _old_side(site: Site, project: Project) -> float:
    """Seconds of processors that the old side's checksums take, the client's part among them, while nobody else works."""
    move = project.move(mappings.COUPONS)
    sums, (bound,) = Sums(project, move), move.bounds
    spent = site.cpu()
    with sums.source() as source:
        for lower in range(FIRST_COUPON - 1, FIRST_COUPON - 1 + site.rows, 100_000):
            span = Span((str(lower),), (str(lower + 100_000),))
            made = sums.made[bound.mapping.name]
            source.execute(old_sums(source, sums.old, bound, made, sums.function, [span])).all()
    return site.cpu() - spent


def _keys(site: Site) -> Sequence[int]:
    return [FIRST_COUPON + site.rows * n // CHANGED + 7 for n in range(CHANGED)]


def _change(site: Site, project: Project, table: sa.Table) -> None:
    (key,) = table.primary_key
    with project.new.engine.begin() as connection:
        for number in _keys(site):
            connection.execute(sa.update(table).where(key == number).values(memo=f"by hand {number}"))


@contextmanager
def _alike(site: Site) -> Generator[Project]:
    """A copy of the old table as it is, which reladiff can compare: it knows no mapping."""
    with site.new("mariadb") as url:
        with engine(url) as made:
            old_coupon.create(made)
        with opened(site.old("mariadb"), url, mappings.ALIKE) as alike:
            plan(alike, mappings.COUPONS, max(site.rows // RANGES, 1))
            for done in backfill(alike, mappings.COUPONS):
                if done.error or done.rejects_open:
                    raise RuntimeError(done.error or "rows were rejected")
            _expect(alike, 0)
            yield alike


def _reladiff(site: Site, project: Project) -> None:
    uv = subprocess.check_output(
        [sys.executable, "scripts/find_uv.py"], text=True, stderr=subprocess.DEVNULL
    ).strip()
    old, new = sa.make_url(site.old("mariadb")), project.new.engine.url
    urls = [url.set(drivername="mysql", query={}).render_as_string(hide_password=False) for url in (old, new)]
    command = [
        uv,
        "tool",
        "run",
        "--quiet",
        *RELADIFF,
        "reladiff",
        urls[0],
        "tb_coupon",
        urls[1],
        "tb_coupon",
    ]
    done = subprocess.run(
        [*command, "-k", "cpn_no", "-c", "%", "--json"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if len(lines) != 2 * CHANGED:
        raise RuntimeError(f"reladiff found {len(lines)} lines: {done.stderr[-500:]}")
