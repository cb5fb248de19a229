"""Planning: what cutting a table into ranges takes, and what that means for a table of 70 million rows."""

from __future__ import annotations

from time import perf_counter

from bench import mappings
from bench.figure import Figure, Taken, in_turns
from bench.memory import run
from bench.site import Database, Site, project
from changeover.ledger.tables import range_
from changeover.planning import plan

LARGE = 70
"""Million rows."""

AT_MOST = 60.0


def planning(site: Site, kind: Database, rounds: int) -> list[Figure]:
    """Seconds for each million rows. The first walk reads the index into the page cache, and counts as one of the rounds."""
    url = site.old(kind)
    with site.new(kind) as new, project(url, new) as opened:

        def work() -> Taken:
            with opened.new.engine.begin() as connection:
                connection.execute(range_.delete())
            began, spent = perf_counter(), site.cpu()
            planned = sum(found.rows_planned for found in plan(opened, mappings.COUPONS))
            if planned != site.rows:
                raise RuntimeError(f"{planned} of {site.rows} rows were planned")
            return Taken(perf_counter() - began, site.cpu() - spent)

        taken = in_turns({"plan": work}, rounds)["plan"]
        with opened.new.engine.begin() as connection:
            connection.execute(range_.delete())
        peak = run("plan", 0, url, new).peak
    each = taken.seconds / site.rows * 1e6
    whole = f"{kind}: {LARGE} million rows, by extrapolation"
    return [
        Figure("planning", kind, each, "s per million rows"),
        Figure("planning", f"{kind}: processors", taken.cpu / site.rows * 1e6, "µs/row"),
        Figure("planning", whole, each * LARGE, "s", "at most", AT_MOST),
        Figure("planning", f"{kind}: peak memory", peak, "MB"),
    ]
