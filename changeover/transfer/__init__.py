"""The one write path: read the current state of some roots, compute their target rows, make the targets equal.

What holds always. A chunk is one transaction on the new database: it takes the table locks first, reads the old database after
that, writes all targets of its roots, records rejects and progress, and commits. So a chunk that was read before a change is
never written after it, and a killed run has either all of a chunk or nothing. Applying twice changes nothing.

`backfill` walks ranges, `reapply` walks rejects, `compare` takes the same way up to the write and writes nothing.
"""

from changeover.transfer.backfill import RangeDone, backfill
from changeover.transfer.chunk import ChunkDone
from changeover.transfer.compare import RangeCompared, compare
from changeover.transfer.reapply import ReapplyDone, reapply

__all__ = ["ChunkDone", "RangeCompared", "RangeDone", "ReapplyDone", "backfill", "compare", "reapply"]
