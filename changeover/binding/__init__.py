"""A mapping made definite on two live schemas: the SELECT that reads it, and the SQL that each staged text becomes.

A `Bound` mapping is frozen and holds no connection. Its stage has the columns ``k`` (the root's key, encoded), then one text
for each old-side expression, then one for each Python column.
"""

from changeover.binding.bind import bind
from changeover.binding.bound import Bound, BoundColumn, BoundLookup, Identity
from changeover.binding.plan import Move, moves

__all__ = ["Bound", "BoundColumn", "BoundLookup", "Identity", "Move", "bind", "moves"]
