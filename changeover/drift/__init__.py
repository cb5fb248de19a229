"""Finding drift, and mending it.

What holds always. A range is looked at under the shared table locks, the target before the old rows. Equal checksums say that all
of its rows are equal; unequal ones say nothing yet: the rows to blame are found, compared value by value the way the copy computes
them, and only what differs then, and has no change under way, is drift. Nothing counts as compared that was not. Mending goes
through the one write path, by the keys of the roots that drifted.
"""

from changeover.drift.resync import Resynced, resync
from changeover.drift.verify import RangeVerified, verify

__all__ = ["RangeVerified", "Resynced", "resync", "verify"]
