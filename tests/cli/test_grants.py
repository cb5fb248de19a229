"""`changeover grants`: enough, and no more."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

PASSWORD = "pw-of-the-worker"


@pytest.mark.parametrize(("old", "new"), [("mariadb", "postgres"), ("postgres", "mariadb")])
def test_accounts_with_these_rights_alone_can_do_everything(shop, monkeypatch, old, new):
    one = shop(old=old, new=new, products=1500)
    _number_ids(one)
    assert one.run("upgrade").code == 0
    with _account(one.old, "reader"), _account(one.new, "worker"):
        _become(one, monkeypatch, "CHANGEOVER_OLD_SHOP_URL", one.old_url, "reader")
        _become(one, monkeypatch, "CHANGEOVER_NEW_URL", one.new_url, "worker")
        printed = one.run("grants", "--json")
        assert printed.code == 0
        old_part, new_part = printed.document["databases"]
        assert one.run("plan").code in (2, 3), "without rights nothing works"
        if old == "mariadb":  # PostgreSQL lets everybody connect, and says what is denied at the first table
            assert "`changeover grants`" in one.run("check").err
        _grant(one.old, old_part["statements"])
        _grant(one.new, new_part["statements"])
        assert one.run("check").code == 0
        assert one.run("plan").code == 0
        one.soil(7)
        ended = one.run("backfill")
        assert ended.code == 1, ended
        one.execute("DELETE FROM tb_product WHERE goods_no = 8")
        one.execute("UPDATE tb_product SET state = '1' WHERE goods_no = 7")
        assert one.run("rejects", "retry").code == 0
        assert one.run("backfill", "--again").code == 0
        assert one.run("status").code == 0
        assert one.scalar("SELECT COUNT(*) FROM product") == 1499


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
@pytest.mark.parametrize("table", ["changeover_range", "changeover_reject", "changeover_version"])
def test_a_right_that_is_lacking_is_told_with_its_table_and_the_way_to_get_it(shop, monkeypatch, kind, table):
    one = shop(new=kind)
    one.run("upgrade")
    with _account(one.new, "worker"):
        _become(one, monkeypatch, "CHANGEOVER_NEW_URL", one.new_url, "worker")
        account = "worker" if kind == "postgres" else "worker@'%'"
        others = set(sa.inspect(one.new).get_table_names()) - {table}
        grants = [f"GRANT SELECT ON {other} TO {account}" for other in sorted(others)]
        if kind == "postgres":
            grants.append(f'GRANT CONNECT ON DATABASE "{one.new.url.database}" TO worker')
        _grant(one.new, grants)
        ended = one.run("status")
        assert ended.code == 2, ended
        assert table in ended.err
        assert "changeover grants" in ended.err
        assert "Traceback" not in ended.err


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_a_reader_can_neither_write_nor_see_other_tables(shop, monkeypatch, kind):
    one = shop(old=kind)
    one.execute("CREATE TABLE member (secret INTEGER)")
    with _account(one.old, "reader"):
        _become(one, monkeypatch, "CHANGEOVER_OLD_SHOP_URL", one.old_url, "reader")
        _grant(one.old, one.run("grants", "--json").document["databases"][0]["statements"])
        reader = sa.create_engine(sa.make_url(one.old_url).set(username="reader", password=PASSWORD))
        try:
            for refused in ("SELECT * FROM member", "DELETE FROM tb_product", "CREATE TABLE x (a INTEGER)"):
                with pytest.raises(DBAPIError), reader.begin() as connection:
                    connection.execute(sa.text(refused))
        finally:
            reader.dispose()


def test_tables_of_joins_and_subqueries_are_among_those_to_be_read(shop, monkeypatch):
    one = shop()
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "mysql+pymysql://reader:pw@localhost/my_shop")
    one.write_mappings(
        """
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from changeover.mapping import Mapping, left_join, old

product, text, stock = old("shop", "tb_product"), old("shop", "tb text"), old("shop", "tb_stock", schema="ware")
amount = sa.select(sa.func.sum(stock.amount)).where(stock.goods_no == product.goods_no).scalar_subquery()
products = Mapping(
    "product",
    product,
    {"name": text.body, "stock": amount},
    joins=(left_join(text, text.goods_no == product.goods_no),),
)
"""
    )
    statements = one.run("grants", "--json").document["databases"][0]["statements"]
    assert statements == [
        "GRANT SELECT ON `my_shop`.`tb text` TO 'reader'@'%';",
        "GRANT SELECT ON `my_shop`.`tb_product` TO 'reader'@'%';",
        "GRANT SELECT ON `ware`.`tb_stock` TO 'reader'@'%';",
    ]
    assert "'reader'@'10.0.0.7';" in one.run("grants", "--host", "10.0.0.7").out


def test_each_group_of_statements_says_what_it_is_for(shop, monkeypatch):
    one = shop()
    for side, kind in (("OLD_SHOP", "mysql+pymysql"), ("NEW", "postgresql+psycopg")):
        monkeypatch.setenv(f"CHANGEOVER_{side}_URL", f"{kind}://worker:pw@nowhere.invalid/service")
    lines = one.run("grants").out.splitlines()
    assert "-- old database shop: mysql+pymysql://nowhere.invalid/service, account 'worker'@'%'" in lines
    assert lines[lines.index("-- write the new tables") + 1].startswith(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE"
    )
    groups = one.run("grants", "--json").document["databases"]
    for part in groups:
        assert part["statements"] == [text for group in part["groups"] for text in group["statements"]]
    assert [text for text in lines if "GRANT" in text and "EXECUTE" not in text] == [
        text for part in groups for text in part["statements"] if text.startswith("GRANT")
    ]
    # One look at all sequences, not one for each table.
    assert sum("FROM pg_depend" in text for text in lines) == 1


def test_names_of_one_database_and_account_are_one_part(shop, monkeypatch):
    one = shop()
    for name in ("SHOP", "OTHER"):
        monkeypatch.setenv(f"CHANGEOVER_OLD_{name}_URL", "mysql+pymysql://reader:pw@nowhere.invalid/shop")
    one.write_mappings(
        """
from changeover.mapping import Assigned, Mapping, old

made = [
    Mapping("product", old(name, table), {"name": old(name, table).nm}, ids=Assigned(match=("name",)))
    for name, table in (("shop", "tb_product"), ("other", "tb_other"))
]
first, second = made
"""
    )
    lines = one.run("grants").out.splitlines()
    assert sum("nowhere.invalid" in text for text in lines) == 1
    assert sum(text.startswith("-- read the tables") for text in lines) == 1
    assert sum(text.startswith("GRANT SELECT ON `shop`") for text in lines) == 2


def test_the_passwords_of_the_urls_are_not_printed_and_nothing_is_connected_to(shop, monkeypatch):
    one = shop()
    monkeypatch.setenv(
        "CHANGEOVER_NEW_URL", "postgresql+psycopg://worker:pw-of-nobody@nowhere.invalid/service"
    )
    ended = one.run("grants")
    assert ended.code == 0
    assert "://nowhere.invalid/service" in ended.out
    assert "pw-of-nobody" not in ended.out + ended.err


def _number_ids(one) -> None:
    """Let one table get ids of its own: raising a counter takes rights of its own."""
    text = (one.folder / one.package / "shop" / "catalog.py").read_text()
    text = text.replace("import Mapping,", "import Assigned, Mapping,").replace(
        "rows_per_range=1000,", "rows_per_range=1000, ids=Assigned(),"
    )
    one.write_mappings(text)


def _become(one, monkeypatch, variable: str, url: str, name: str) -> None:
    account = sa.make_url(url).set(username=name, password=PASSWORD).render_as_string(hide_password=False)
    monkeypatch.setenv(variable, account)
    one.environment[variable] = account


@contextmanager
def _account(engine: sa.Engine, name: str):
    mariadb = engine.dialect.name in ("mysql", "mariadb")
    quoted = f"'{name}'@'%'" if mariadb else f'"{name}"'
    create = (
        f"CREATE USER {quoted} IDENTIFIED BY '{PASSWORD}'"
        if mariadb
        else f"CREATE ROLE {quoted} LOGIN PASSWORD '{PASSWORD}'"
    )
    _grant(engine, [create])
    if not mariadb:
        # As an administrator who grants the least would have it: everybody may do these two by default.
        _grant(engine, [f'REVOKE CONNECT, TEMPORARY ON DATABASE "{engine.url.database}" FROM PUBLIC'])
    try:
        yield
    finally:
        _grant(
            engine, [f"DROP USER {quoted}"] if mariadb else [f"DROP OWNED BY {quoted}", f"DROP ROLE {quoted}"]
        )


def _grant(engine: sa.Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(re.sub("%", "%%", statement))
