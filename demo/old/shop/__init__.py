"""The shop: the tables of a commerce package that was bought in 2009 and patched ever since.

No foreign keys, so references may lead nowhere; codes, amounts, dates and yes/no kept as text; times are the wall
clock of Korea.
"""

from demo.old.shop import category, coupon, member, order, order_line, product
from demo.old.shop.metadata import METADATA
from demo.old.table import OldTable

TABLES = (
    OldTable(category.TABLE, category.rows),
    OldTable(product.TABLE, product.rows),
    OldTable(member.TABLE, member.rows),
    OldTable(coupon.TABLE, coupon.rows),
    OldTable(order.TABLE, order.rows),
    OldTable(order_line.TABLE, order_line.rows),
)

__all__ = ["METADATA", "TABLES"]
