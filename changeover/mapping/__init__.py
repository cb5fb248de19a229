"""The declaration of what moves: one `Mapping` says how one target table is made from one root table.

Two mappings with the same root are a split (one root, several targets, written in one transaction); two mappings with
the same target are a merge (several old tables or databases, one target). A mapping is plain data: it is written without
a connection, and holds nothing but SQLAlchemy Core expressions over old tables. What it means on live schemas is worked
out by `changeover.binding`.
"""

from changeover.mapping.columns import (
    Column,
    Constant,
    Expression,
    Image,
    Lookup,
    Narrow,
    Python,
    Reject,
    TargetDefault,
    ValueMap,
    constant,
    image,
    lookup,
    narrow,
    python,
    target_default,
    value_map,
)
from changeover.mapping.ids import Assigned, Computed, Ids, Keep, Offset
from changeover.mapping.images import ImageSet
from changeover.mapping.loading import load
from changeover.mapping.old import Join, OldTable, join, left_join, old
from changeover.mapping.registry import Registry
from changeover.mapping.table import Mapping
from changeover.mapping.zones import utc

__all__ = [
    "Assigned",
    "Column",
    "Computed",
    "Constant",
    "Expression",
    "Ids",
    "Image",
    "ImageSet",
    "Join",
    "Keep",
    "Lookup",
    "Mapping",
    "Narrow",
    "Offset",
    "OldTable",
    "Python",
    "Registry",
    "Reject",
    "TargetDefault",
    "ValueMap",
    "constant",
    "image",
    "join",
    "left_join",
    "load",
    "lookup",
    "narrow",
    "old",
    "python",
    "target_default",
    "utc",
    "value_map",
]
