"""Where columns come from, read out of mappings without a connection."""

from __future__ import annotations

import sqlalchemy as sa

from assets.lineage import NewColumn, OldColumn, column_sources, old_tables
from changeover.mapping import Mapping, constant, join, lookup, old, python, target_default, utc, value_map

product = old("shop", "tb_product")
category = old("shop", "tb_category", schema="main")
parent = old("shop", "tb_product", alias="parent")
price = old("shop", "tb_price")

MAPPING = Mapping(
    target="product",
    root=product,
    columns={
        "name": product["Name (ko)"],
        "label": product.code + sa.literal(" ") + category.title,
        "state": value_map(product.st, {"1": "on"}),
        "category_id": lookup("category", product.cate_cd, by="code"),
        "owner_id": lookup("member", product.owner),
        "slug": python(lambda titles: titles, product.title),
        "made_at": utc(product.reg_dt, "+09:00"),
        "parent_name": parent.title,
        "price": sa.select(price.amount).where(price.prod_no == product.no).scalar_subquery(),
        "source": constant("shop"),
        "note": target_default(),
    },
    joins=(join(category, category.cd == product.cate_cd), join(parent, parent.no == product.up_no)),
)


def tables(database: str, table: str, *columns: str) -> set[OldColumn | NewColumn]:
    return {OldColumn(database, table, column) for column in columns}


def test_each_column_names_what_it_is_computed_from() -> None:
    found = {name: set(sources) for name, sources in column_sources(MAPPING).items()}
    own = "tb_product"
    assert found == {
        "name": tables("shop", own, "Name (ko)"),
        "label": tables("shop", own, "code") | tables("shop", "main.tb_category", "title"),
        "state": tables("shop", own, "st"),
        "category_id": tables("shop", own, "cate_cd") | {NewColumn("category", "code")},
        "owner_id": tables("shop", own, "owner"),
        "slug": tables("shop", own, "title"),
        "made_at": tables("shop", own, "reg_dt"),
        "parent_name": tables("shop", own, "title"),
        "price": tables("shop", "tb_price", "amount", "prod_no") | tables("shop", own, "no"),
        "source": set(),
        "note": set(),
    }


def test_the_tables_read_are_the_root_its_joins_and_those_of_subqueries() -> None:
    assert old_tables(MAPPING) == ("tb_product", "main.tb_category", "tb_price")


def test_a_filter_by_another_table_reads_it() -> None:
    gone = old("shop", "tb_gone")
    only = sa.exists().where(gone.no == product.no)
    assert "tb_gone" in old_tables(Mapping(target="t", root=product, columns={"n": product.n}, where=only))
