"""Old and new tables whose mappings use all that a mapping can say, filled with rows at the edges of their types."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from changeover.mapping import Assigned, Keep, Mapping, Offset, left_join, lookup, old, python, value_map
from tests.transfer.rig import Rig

_big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_precise = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_utf8: dict[str, Any] = {f"{name}_charset": "utf8mb4" for name in ("mysql", "mariadb")}

OLD = sa.MetaData()
area = sa.Table(
    "tb_area", OLD, sa.Column("cd", sa.String(8), primary_key=True), sa.Column("nm", sa.String(40)), **_utf8
)
member = sa.Table(
    "tb_member",
    OLD,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("email", sa.String(80), nullable=False),
    sa.Column("area_cd", sa.String(8)),
    **_utf8,
)
item = sa.Table(
    "tb_item",
    OLD,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mem_no", sa.Integer, nullable=False),
    sa.Column("st", sa.SmallInteger, nullable=False),
    sa.Column("nm", sa.String(60)),
    sa.Column("memo", sa.Text),
    sa.Column("price", sa.Numeric(12, 3)),
    sa.Column("rate", sa.Double),
    sa.Column("made", _precise),
    sa.Column("day", sa.Date),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("big", sa.BigInteger),
    sa.Column("open", sa.SmallInteger, nullable=False),
    **_utf8,
)
line = sa.Table(
    "tb_line",
    OLD,
    sa.Column("item_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("txt", sa.String(40)),
    **_utf8,
)

NEW = sa.MetaData()
new_area = sa.Table(
    "area", NEW, sa.Column("code", sa.String(8), primary_key=True), sa.Column("name", sa.String(40)), **_utf8
)
new_member = sa.Table(
    "member",
    NEW,
    sa.Column("id", _big, primary_key=True, autoincrement=True),
    sa.Column("email", sa.String(80), nullable=False, unique=True),
    sa.Column("area_name", sa.String(40)),
    **_utf8,
)
new_item = sa.Table(
    "item",
    NEW,
    sa.Column("id", _big, primary_key=True, autoincrement=True),
    sa.Column("member_id", _big, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("name", sa.String(60)),
    sa.Column("memo", sa.Text),
    sa.Column("price", sa.Numeric(14, 3)),
    sa.Column("rate", sa.Double),
    sa.Column("made_at", _precise),
    sa.Column("day", sa.Date),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("big", sa.BigInteger),
    sa.Column("own", sa.String(20)),
    **_utf8,
)
new_note = sa.Table(
    "note",
    NEW,
    sa.Column("id", _big, primary_key=True, autoincrement=True),
    sa.Column("body", sa.Text),
    **_utf8,
)
new_line = sa.Table(
    "line",
    NEW,
    sa.Column("item_id", _big, primary_key=True, autoincrement=False),
    sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("txt", sa.String(40)),
    sa.Column("upper", sa.String(40)),
    **_utf8,
)

STATES = {"0": "issued", "1": "used", "2": "expired"}
OFFSET = 5_000_000


def upper(texts: list[str | None]) -> list[str | None]:
    """A batch function of a mapping."""
    return [text.upper() if text else text for text in texts]


def mappings(**item_options: Any) -> tuple[Mapping, ...]:
    """A text key, assigned ids with a join, kept ids with a lookup, a value map and a filter, a split by offset, composite keys."""
    a, m, i, n = (
        old("shop", "tb_area"),
        old("shop", "tb_member"),
        old("shop", "tb_item"),
        old("shop", "tb_line"),
    )
    joined = old("shop", "tb_area", alias="a")
    return (
        Mapping("area", a, {"name": a.nm}, ids=Keep()),
        Mapping(
            "member",
            m,
            {"email": m.email, "area_name": joined.nm},
            ids=Assigned(),
            joins=(left_join(joined, joined.cd == m.area_cd),),
        ),
        Mapping(
            "item",
            i,
            {
                "member_id": lookup("member", i.mem_no),
                "state": value_map(i.st, STATES),
                "name": i.nm,
                "memo": i.memo,
                "price": i.price,
                "rate": i.rate,
                "made_at": i.made,
                "day": i.day,
                "raw": i.raw,
                "big": i.big,
            },
            ids=Keep(),
            where=i.open == 1,
            **item_options,
        ),
        Mapping("note", i, {"body": i.memo}, ids=Offset(OFFSET), where=i.open == 1),
        Mapping(
            "line",
            n,
            {"txt": n.txt, "upper": python(upper, n.txt)},
            ids=Keep(),
        ),
    )


ROWS = 400


def fill(rig: Rig, rows: int = ROWS) -> None:
    """Rows of all tables; texts with accents, spaces and separators, the last microsecond, zeros of both signs."""
    OLD.create_all(rig.old)
    NEW.create_all(rig.new)
    texts = ("plain", "a|b", "ä é", "", None, "ends in a space ", "N", "3:abc", "tab\tand\\", "한글")
    doubles = (0.0, 0.1, -1.5, 3.0, 1e15, 1e-7, None, 123456.789)
    with rig.old.begin() as connection:
        connection.execute(sa.insert(area), [{"cd": f"c{n}", "nm": f"Area {n}"} for n in range(9)])
        connection.execute(
            sa.insert(member),
            [{"no": n, "email": f"m{n}@x", "area_cd": f"c{n % 11}"} for n in range(1, rows // 4 + 1)],
        )
        connection.execute(
            sa.insert(item),
            [
                {
                    "no": n,
                    "mem_no": n % (rows // 4) + 1,
                    "st": n % 3,
                    "nm": texts[n % len(texts)],
                    "memo": texts[n // 3 % len(texts)],
                    "price": None if n % 13 == 0 else Decimal(n) / 8,
                    "rate": doubles[n % len(doubles)],
                    "made": datetime.fromisoformat("2020-02-29 23:59:59.999999")
                    - timedelta(microseconds=n * 500_000),
                    "day": date(2020, 2, 29) if n % 5 else None,
                    "raw": bytes([n % 256, 0, 9]) if n % 7 else None,
                    "big": (2**63 - n) if n % 2 else -n,
                    "open": 0 if n % 10 == 0 else 1,
                }
                for n in range(1, rows + 1)
            ],
        )
        connection.execute(
            sa.insert(line),
            [{"item_no": n // 3 + 1, "line_no": n % 3, "txt": texts[n % 4]} for n in range(rows // 2)],
        )
