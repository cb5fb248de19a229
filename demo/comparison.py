"""Comparing all tables, old against new, value by value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from changeover.project import Project
from changeover.transfer import RangeCompared, compare

WORKERS = 2


def compare_all(
    project: Project,
    on_rows: Callable[[str, int], None] = lambda *_: None,
    on_root: Callable[[Sequence[RangeCompared]], None] = lambda _: None,
) -> list[RangeCompared]:
    """The comparison of every range of every table.

    Parameters: ``on_rows`` is told a root and a number of rows, ``on_root`` all comparisons of a root that is
    through; both from any thread.
    Raises: what `changeover.transfer.compare` raises.
    """
    stop = threading.Event()

    def compared(root: str) -> list[RangeCompared]:
        found = list(compare(project, root, on_chunk=on_rows, stop=stop))
        on_root(found)
        return found

    # The new side of a comparison is staged in a transaction, of which SQLite has one at a time.
    workers = 1 if project.dialect.single_writer else WORKERS
    with ThreadPoolExecutor(workers, thread_name_prefix="compare") as pool:
        try:
            return [one for found in pool.map(compared, project.moves) for one in found]
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
