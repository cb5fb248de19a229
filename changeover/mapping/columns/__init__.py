"""The ways to make a target column; one file each.

What SQL can say is computed by the old database in the SELECT that reads the chunk. Lookups are resolved by the new
database as a set. Python functions get whole columns.
"""

from typing import Any

import sqlalchemy as sa

from changeover.mapping.columns.constant import Constant, constant
from changeover.mapping.columns.default import TargetDefault, target_default
from changeover.mapping.columns.expression import Expression
from changeover.mapping.columns.image import Image, image
from changeover.mapping.columns.lookup import Lookup, lookup
from changeover.mapping.columns.narrow import Narrow, narrow
from changeover.mapping.columns.python import Python, Reject, python
from changeover.mapping.columns.value_map import ValueMap, value_map
from changeover.mapping.expressions import expression

Column = Expression | Narrow | Constant | TargetDefault | ValueMap | Lookup | Image | Python
"""Any way to make a target column."""

Declared = Column | sa.ColumnElement[Any] | sa.Select[Any]
"""What a mapping's author may write: a bare SQLAlchemy expression is an `Expression`, a SELECT its one value."""


def column(declared: object) -> Column:
    """The column that a declaration means. Raises TypeError for what is none, naming what is allowed."""
    if isinstance(declared, (Expression, Narrow, Constant, TargetDefault, ValueMap, Lookup, Image, Python)):
        return declared
    if isinstance(declared, sa.ColumnElement):
        return Expression(declared)
    if isinstance(declared, sa.Select):
        return Expression(expression("a column", declared))
    raise TypeError(
        f"{declared!r} is no column: write an old column (`product.price`), an SQLAlchemy expression, or one of constant(), "
        "target_default(), value_map(), lookup(), image(), narrow(), python()"
    )


__all__ = [
    "Column",
    "Constant",
    "Declared",
    "Expression",
    "Image",
    "Lookup",
    "Narrow",
    "Python",
    "Reject",
    "TargetDefault",
    "ValueMap",
    "column",
    "constant",
    "image",
    "lookup",
    "narrow",
    "python",
    "target_default",
    "value_map",
]
