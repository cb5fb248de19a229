"""Faults of every kind, put into a copied database by chance: the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.drift import tables
from tests.drift.tables import OFFSET, new_area, new_item, new_line, new_member, new_note
from tests.transfer.rig import Rig

Expected = dict[str, dict[str, tuple[str, tuple[str, ...]]]]
Cell = Callable[[Any], Any]


def _micro(value: Any) -> Any:
    return value + timedelta(microseconds=1 if value.microsecond < 999_999 else -1)


CELLS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "state": (("another state", lambda v: "used" if v != "used" else "issued"),),
    "name": (
        ("NULL for an empty text", lambda v: None if v == "" else ""),
        ("a space at the end", lambda v: (v or "") + " "),
        ("an accent", lambda v: (v or "").replace("a", "á") if "a" in (v or "") else "é"),
        ("another case", lambda v: (v or "x").swapcase() if (v or "x").swapcase() != v else "Q"),
    ),
    "memo": (
        ("an empty text for NULL", lambda v: "" if v is None else None),
        ("a separator moved", lambda v: (v or "") + "|N"),
        ("a tab", lambda v: (v or "") + "\t"),
    ),
    "price": (
        ("the last digit", lambda v: (v or Decimal(0)) + Decimal("0.001")),
        ("the sign", lambda v: -v if v else Decimal(-1)),
    ),
    "rate": (
        ("the last bit", lambda v: 0.30000000000000004 if v != 0.30000000000000004 else 0.3),
        ("NULL for a number", lambda v: None if v is not None else 0.0),
    ),
    "made_at": (("the last microsecond", _micro), ("a second", lambda v: v - timedelta(seconds=1))),
    "day": (("a day", lambda v: v + timedelta(days=1) if v else date(2020, 1, 1)),),
    "raw": (("a byte", lambda v: (v or b"") + b"\0"), ("NULL for no byte", lambda v: None if v else b"")),
    "big": (("one", lambda v: v - 1),),
}


class Faults:
    """Puts faults into rows that have none yet. ``expected`` is what verification must find."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig = rig
        self.random = Random(seed)
        self.expected: Expected = {}
        self.used: set[tuple[str, int]] = set()

    def all_kinds(self, times: int) -> None:
        """Each fault so many times."""
        for _ in range(times):
            for column, changes in CELLS.items():
                for _, change in changes:
                    self.cell(column, change)
            if self.rig.new.dialect.name == "postgresql":  # the others have no such number
                self.sign_of_zero()
            self.swapped()
            self.wrong_lookup()
            self.deleted()
            self.extra()
            self.others()

    def cell(self, column: str, change: Cell) -> None:
        """A changed cell of an item."""
        key = self.item()
        old = self.value(new_item, column, key)
        self.update(new_item, key, {column: change(old)})
        self.expect("item", key, "different", column)

    def sign_of_zero(self) -> None:
        """-0.0 for 0.0."""
        key = self.item(lambda n: n % 8 == 0)
        self.update(new_item, key, {"rate": -0.0})
        self.expect("item", key, "different", "rate")

    def swapped(self) -> None:
        """Two items with each other's number: their sums, folded bit by bit, would stay."""
        one, two = self.item(), self.item()
        a, b = self.value(new_item, "big", one), self.value(new_item, "big", two)
        self.update(new_item, one, {"big": b})
        self.update(new_item, two, {"big": a})
        self.expect("item", one, "different", "big")
        self.expect("item", two, "different", "big")

    def wrong_lookup(self) -> None:
        """An item of another member, who exists."""
        key = self.item()
        mine = self.value(new_item, "member_id", key)
        with self.rig.new.connect() as connection:
            ids = connection.execute(sa.select(new_member.c.id).where(new_member.c.id != mine)).scalars()
            other = self.random.choice(sorted(ids))
        self.update(new_item, key, {"member_id": other})
        self.expect("item", key, "different", "member_id")

    def deleted(self) -> None:
        """A row deleted by hand, of an item and of its split."""
        key = self.item()
        self.rig.run(self.rig.new, sa.delete(new_item).where(new_item.c.id == key))
        self.expect("item", key, "missing")
        note = self.pick("note", lambda n: n % 10 != 0)
        self.rig.run(self.rig.new, sa.delete(new_note).where(new_note.c.id == note + OFFSET))
        self.expect("note", note, "missing")

    def extra(self) -> None:
        """A row of an item that the filter leaves out, and one whose root is deleted in the old database."""
        key = self.pick("item", lambda n: n % 10 == 0)
        self.rig.run(self.rig.new, sa.insert(new_item).values(id=key, member_id=1, state="used"))
        self.expect("item", key, "extra")

    def others(self) -> None:
        """Rows of tables with other keys and ids."""
        note = self.pick("note", lambda n: n % 10 != 0)
        self.update(new_note, note + OFFSET, {"body": "written by hand"})
        self.expect("note", note, "different", "body")
        member = self.pick("member", lambda n: n <= tables.ROWS // 4)
        self.update_where(new_member, new_member.c.email == f"m{member}@x", {"area_name": "elsewhere"})
        self.expect("member", member, "different", "area_name")
        number = self.pick("line", lambda n: n < tables.ROWS // 2)
        row = sa.and_(new_line.c.item_id == number // 3 + 1, new_line.c.line_no == number % 3)
        self.update_where(new_line, row, {"upper": "by hand"})
        self.expected.setdefault("line", {})[f"{number // 3 + 1}|{number % 3}"] = ("different", ("upper",))

    def area(self) -> None:
        """A row with a text key."""
        self.update_where(new_area, new_area.c.code == "c3", {"name": "area 3"})
        self.expected.setdefault("area", {})["c3"] = ("different", ("name",))

    # Small things

    def item(self, wanted: Callable[[int], bool] = bool) -> int:
        return self.pick("item", lambda n: n % 10 != 0 and wanted(n))

    def pick(self, table: str, wanted: Callable[[int], bool]) -> int:
        free = [n for n in range(1, tables.ROWS + 1) if wanted(n) and (table, n) not in self.used]
        key = self.random.choice(free)
        self.used.add((table, key))
        return key

    def expect(self, table: str, key: int, kind: str, *columns: str) -> None:
        self.expected.setdefault(table, {})[str(key)] = (kind, columns)

    def value(self, table: sa.Table, column: str, key: int) -> Any:
        with self.rig.new.connect() as connection:
            return connection.execute(sa.select(table.c[column]).where(table.c.id == key)).scalar_one()

    def update(self, table: sa.Table, key: int, values: dict[str, Any]) -> None:
        self.update_where(table, table.c.id == key, values)

    def update_where(self, table: sa.Table, where: Any, values: dict[str, Any]) -> None:
        with self.rig.new.begin() as connection:
            assert connection.execute(sa.update(table).where(where).values(**values)).rowcount == 1
