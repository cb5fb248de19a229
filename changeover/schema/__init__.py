"""What the live schemas look like, as frozen shapes that the check, the planner and the binder read."""

from changeover.schema.referring import Referring
from changeover.schema.reflect import ColumnShape, ForeignKey, Schema, TableShape

__all__ = ["ColumnShape", "ForeignKey", "Referring", "Schema", "TableShape"]
