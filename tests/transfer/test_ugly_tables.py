"""Tables as ugly as real ones, between every two databases: what comes out is what a person reads in both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from changeover.check import check
from changeover.mapping import (
    Assigned,
    Keep,
    Mapping,
    constant,
    lookup,
    old,
    python,
    target_default,
    value_map,
)
from tests.transfer.rig import PAIRS, SHORT_PAIRS, Rig, assert_settled, compared, copy, counts

# MariaDB's identifiers end at U+FFFF.
TABLE = "select 100% \"of\" `it`: 'é'?"
KEY = "order%(x)s by:id"
TEXT = "va%lue \"q\" 'c' :d 한글"
LONG = "x" * 1_200_000 + "é😀"
# U+0000 is text for two of the three; PostgreSQL holds none.
NASTY = [
    "",
    " ",
    "\\N",
    "\\",
    "\\\\N",
    "NULL",
    "\t\n\r\\t\\n",
    "tab\tnew\nline\r\n",
    "'\"`",
    "','\\N','",
    "a'\\",
    "%s %(x)s %% {} :x ?",
    "~|~!|",
    "é한글😀\u200b\ufeff",
    "\x08\x0b\x0c\x01\x7f",
    "x" * 60,
    "null\x00byte",
    LONG,
]
KEYS = [-(2**63) + 1, -3, -1, 0, 1, 2, 9, 10, 99, 2**31, 2**53 + 1, 2**63 - 1]

pairs = pytest.mark.parametrize(
    ("old_kind", "new_kind"),
    [pytest.param(*pair, marks=() if pair in SHORT_PAIRS else pytest.mark.long) for pair in PAIRS],
)


def ugly(metadata: sa.MetaData) -> sa.Table:
    long_text = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql")
    return sa.Table(
        TABLE,
        metadata,
        sa.Column(
            KEY, sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column(TEXT, long_text),
        sa.Column("group", sa.String(60).with_variant(mysql.VARCHAR(60, charset="utf8mb4"), "mysql")),
    )


@pairs
def test_names_and_texts_of_all_sorts_arrive(rig: Callable[..., Rig], old_kind: str, new_kind: str) -> None:
    r = rig(new_kind, shop=old_kind)
    table = ugly(sa.MetaData())
    table.create(r.old)
    table.create(r.new)
    nasty = [text for text in NASTY if "\0" not in text or old_kind != "postgres"]
    rows = [
        {KEY: 1000 + n, TEXT: text, "group": text if len(text) <= 60 and "\0" not in text else None}
        for n, text in enumerate(nasty)
    ]
    rows += [{KEY: key, TEXT: None if n % 2 else str(key), "group": ""} for n, key in enumerate(KEYS)]
    r.run(r.old, *(table.insert().values(row) for row in rows))
    source = old("shop", TABLE)
    project = r.project(Mapping(TABLE, source, {TEXT: source[TEXT], "group": source["group"]}, ids=Keep()))
    done = copy(project, rows_per_range=7)
    expected = [tuple(row.values()) for row in rows]
    refused = {str(row[KEY]) for row in rows if "\0" in str(row[TEXT]) and new_kind == "postgres"}
    assert r.reject_keys() == dict.fromkeys(refused, "value")
    kept = [row for row in expected if str(row[0]) not in refused]
    assert set(r.rows(table)) == set(kept)
    assert len(r.rows(table)) == len(kept)
    assert_settled(project, done)
    # Mended by hand on the wrong side, and roots that go away: all of it comes right again.
    r.run(
        r.new,
        table.update().where(table.c[KEY] == 9).values({TEXT: "tampered"}),
        table.delete().where(table.c[KEY] == -3),
    )
    r.run(r.old, table.delete().where(table.c[KEY].in_([-1, 10, 1002])))
    assert {one.equal for one in compared(project)} == {False, True}
    again = copy(project)
    assert counts(again, "inserted", "updated", "deleted") == (1, 1, 3)
    assert set(r.rows(table)) == {row for row in kept if row[0] not in (-1, 10, 1002)}
    assert_settled(project, again)


@pairs
def test_wide_rows_arrive(rig: Callable[..., Rig], old_kind: str, new_kind: str) -> None:
    r = rig(new_kind, shop=old_kind)
    names = [f"column {n}" for n in range(100)]

    def table(metadata: sa.MetaData) -> sa.Table:
        return sa.Table(
            "wide",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            *(sa.Column(name, sa.Text) for name in names),
        )

    wide = table(sa.MetaData())
    wide.create(r.old)
    wide.create(r.new)
    r.run(r.old, *(wide.insert().values(id=i, **{n: f"{i}·{n}" for n in names}) for i in range(1, 51)))
    source = old("shop", "wide")
    project = r.project(Mapping("wide", source, {name: source[name] for name in names}))
    done = copy(project)
    assert r.rows(wide) == r.rows_of(r.old, wide)
    assert_settled(project, done)


COMPOSITE = [
    ("a|b", 1),
    ("a~b", 1),
    ("a~!b", 2),
    ("a", 3),
    ("", 4),
    ("a b%", 5),
    ("Z", 6),
    ("é", 7),
    ("a~~|", 8),
    ("~!", 9),
]


@pairs
@pytest.mark.parametrize("assigned", [False, True])
def test_composite_keys_with_text_are_walked_kept_and_deleted(
    rig: Callable[..., Rig], old_kind: str, new_kind: str, assigned: bool
) -> None:
    r = rig(new_kind, shop=old_kind)
    text = sa.String(40).with_variant(mysql.VARCHAR(40, collation="utf8mb4_bin"), "mysql")
    table = sa.Table(
        "part",
        sa.MetaData(),
        sa.Column("code", text, primary_key=True),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("v", sa.String(40)),
    )
    table.create(r.old)
    target = sa.Table(
        "piece",
        sa.MetaData(),
        *((sa.Column("id", sa.Integer, primary_key=True),) if assigned else ()),
        sa.Column("code", text, primary_key=not assigned, nullable=False),
        sa.Column("no", sa.Integer, primary_key=not assigned, autoincrement=False, nullable=False),
        sa.Column("v", sa.String(40)),
    )
    target.create(r.new)
    rows = [(code, no, f"{code}{no}") for code, no in COMPOSITE] + [
        (f"k{i % 5}", i, f"v{i}") for i in range(50)
    ]
    r.run(r.old, *(table.insert().values(code=c, no=n, v=v) for c, n, v in rows))
    source = old("shop", "part")
    columns: dict[str, Any] = {"v": source.v}
    if assigned:
        columns |= {"code": source.code, "no": source.no}
    project = r.project(Mapping("piece", source, columns, ids=Assigned() if assigned else Keep()))
    done = copy(project, rows_per_range=8)
    assert set(r.rows(target, "code", "no", "v")) == set(rows)
    assert_settled(project, done)
    gone = [("a~!b", 2), ("a|b", 1), ("k0", 5), ("~!", 9), ("", 4)]
    r.run(r.old, *(table.delete().where(table.c.code == c, table.c.no == n) for c, n in gone))
    assert sum(one.extra for one in compared(project)) == len(gone)
    again = copy(project)
    assert counts(again, "inserted", "updated", "deleted") == (0, 0, len(gone))
    assert set(r.rows(target, "code", "no", "v")) == {row for row in rows if row[:2] not in gone}
    assert_settled(project, again)


@pairs
def test_every_way_to_make_a_column(rig: Callable[..., Rig], old_kind: str, new_kind: str) -> None:
    r = rig(new_kind, shop=old_kind)
    maker = sa.Table(
        "maker",
        sa.MetaData(),
        sa.Column("code", sa.String(10), primary_key=True),
        sa.Column("nm", sa.String(50)),
    )
    goods = sa.Table(
        "goods",
        sa.MetaData(),
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("maker", sa.String(10)),
        sa.Column("st", sa.String(5)),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("tags", sa.String(50)),
        sa.Column("hidden", sa.Integer),
    )
    maker.create(r.old)
    goods.create(r.old)
    new = sa.MetaData()
    brand = sa.Table(
        "brand",
        new,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(10), unique=True),
        sa.Column("name", sa.String(50)),
    )
    product = sa.Table(
        "product",
        new,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("brand_id", sa.Integer, sa.ForeignKey("brand.id")),
        sa.Column("brand_name", sa.String(50)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("cents", sa.BigInteger),
        sa.Column("first_tag", sa.String(50)),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("empty", sa.String(10)),
        sa.Column("views", sa.Integer, server_default="7", nullable=False),
        sa.Column("cents_twice", sa.BigInteger, sa.Computed("cents * 2", persisted=True)),
    )
    detail = sa.Table(
        "detail",
        new,
        sa.Column("product_id", sa.Integer, sa.ForeignKey("product.id"), primary_key=True),
        sa.Column("tags", sa.String(50)),
    )
    new.create_all(r.new)
    r.run(r.old, *(maker.insert().values(code=c, nm=n) for c, n in (("m1", "Maker % :1"), ("m2", None))))
    goods_rows = [
        (1, "m1", "0", "1.50", "a,b", 0),
        (2, "m2", "1", "2.25", "c", 0),
        (3, None, None, "0.00", None, 0),
        (4, "m1", "9", "4.00", "unmapped state", 0),
        (5, "m1", "0", "5.00", "boom", 0),
        (6, "mx", "0", "6.00", "no maker", 0),
        (7, "m1", "0", "7.00", "hidden", 1),
    ]
    r.run(r.old, *(goods.insert().values(dict(zip(goods.c.keys(), row, strict=True))) for row in goods_rows))

    def first_tags(tags: list[str | None]) -> list[str | None]:
        if "boom" in tags:
            raise ValueError("boom")
        return [tag.split(",")[0] if tag else None for tag in tags]

    m, g = old("shop", "maker"), old("shop", "goods")
    from changeover.mapping import left_join

    project = r.project(
        Mapping("brand", m, {"code": m.code, "name": m.nm}, ids=Assigned()),
        Mapping(
            "product",
            g,
            {
                "brand_id": lookup("brand", g.maker, by="code"),
                "brand_name": m.nm,
                "state": value_map(g.st, {"0": "on", "1": "off"}, null="none"),
                "cents": sa.cast(g.price * 100, sa.BigInteger if old_kind != "mariadb" else sa.Integer),
                "first_tag": python(first_tags, g.tags),
                "origin": constant("shop % :x"),
                "empty": constant(None),
                "views": target_default(),
            },
            joins=(left_join(m, m.code == g.maker),),
            where=g.hidden == 0,
        ),
        Mapping("detail", g, {"tags": g.tags}, where=g.hidden == 0),
    )
    done = copy(project)
    shown = ("id", "brand_name", "state", "cents", "first_tag", "origin", "empty", "views", "cents_twice")
    assert r.rows(product, *shown) == [
        (1, "Maker % :1", "on", 150, "a", "shop % :x", None, 7, 300),
        (2, None, "off", 225, "c", "shop % :x", None, 7, 450),
        (3, None, "none", 0, None, "shop % :x", None, 7, 0),
    ]
    assert r.rows(detail) == [(1, "a,b"), (2, "c"), (3, None)]
    brands = {code: i for i, code, _ in r.rows(brand)}
    assert r.rows(product, "id", "brand_id") == [(1, brands["m1"]), (2, brands["m2"]), (3, None)]
    rejected = {(row.target, row.root_key, row.column, row.kind) for row in r.rejects()}
    assert rejected == {
        ("product", "4", "state", "value"),
        ("product", "5", "first_tag", "value"),
        ("product", "6", "brand_id", "waiting"),
        *(("detail", key, "product_id", "waiting") for key in "456"),
    }
    assert_settled(project, done)
    # What was wrong is mended on the old side: the rejects settle.
    r.run(
        r.old,
        maker.insert().values(code="mx", nm="X"),
        goods.update().where(goods.c.no == 4).values(st="1"),
        goods.update().where(goods.c.no == 5).values(tags="fine"),
        goods.update().where(goods.c.no == 7).values(hidden=0),
        goods.update().where(goods.c.no == 1).values(hidden=1),
    )
    r.run(r.new, product.update().where(product.c.id == 2).values(views=99))
    again = copy(project)
    assert r.rejects() == []
    assert [row[0] for row in r.rows(product, "id")] == [2, 3, 4, 5, 6, 7]
    assert dict(r.rows(product, "id", "views"))[2] == 99
    assert [row[0] for row in r.rows(detail, "product_id")] == [2, 3, 4, 5, 6, 7]
    assert_settled(project, again)


def test_names_with_backticks_are_names_like_others(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb")
    for engine, counted in ((r.old, ""), (r.new, " AUTO_INCREMENT")):
        r.run(
            engine,
            f"CREATE TABLE `t``t` (`i``d` INT{counted} PRIMARY KEY, `a``b` VARCHAR(9) NOT NULL UNIQUE, `x` JSON)",
        )
    r.run(r.old, "INSERT INTO `t``t` VALUES (1, 'a', '{}'), (2, 'b', NULL)")
    t = old("shop", "t`t")
    for ids in (Keep(), Assigned(match=("a`b",))):
        project = r.project(Mapping("t`t", t, {"a`b": t["a`b"], "x": t.x}, ids=ids, name=type(ids).__name__))
        assert check(project.registry, project.old, project.new) == []
        assert_settled(project, copy(project))
        with r.new.connect() as connection:
            assert connection.exec_driver_sql("SELECT `a``b` FROM `t``t` ORDER BY 1").scalars().all() == [
                "a",
                "b",
            ]
