"""`changeover sync install`, `check` and `uninstall`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.cli.shop import MAPPINGS
from tests.mysql_kind import ON_MYSQL, mariadb_only

SERVERS = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
KINDS = pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])


@KINDS
def test_triggers_are_printed_installed_checked_and_uninstalled(shop, kind):
    one = shop(old=kind, products=50)
    one.run("upgrade")
    printed = one.run("sync", "install", "--dry-run")
    assert printed.code == 0, printed
    assert "changeover_outbox" in printed.out
    assert ("GRANT" in printed.out) == (kind != "sqlite")
    before = one.run("sync", "check", "--json")
    assert (before.code, {t["state"] for t in before.document["tables"]}) == (1, {"missing"})
    done = one.run("sync", "install", "--json")
    assert (done.code, len(done.document["done"])) == (0, 2), done
    assert one.run("sync", "install").out == "all triggers stand as they should\n"
    assert one.run("sync", "check").code == 0
    one.execute("INSERT INTO tb_product VALUES (1001, 'late', 'C1', '1', 1)")
    gone = one.run("sync", "uninstall", "--json")
    assert gone.code == 0, gone
    assert one.run("sync", "uninstall").out == "there was nothing to uninstall\n"
    one.execute("DELETE FROM tb_product WHERE 1 = 1")


def test_a_broken_table_stops_the_copying_and_is_shown(shop):
    one = shop(products=50)
    one.run("upgrade")
    one.run("sync", "install")
    one.execute("DROP TRIGGER changeover_au_tb_product")
    checked = one.run("sync", "check", "--json")
    assert checked.code == 1
    assert [t["table"] for t in checked.document["tables"] if t["state"] == "broken"] == ["tb_product"]
    refused = one.run("plan", "product")
    assert refused.code == 2
    assert "changeover sync install" in refused.err
    one.run("sync", "install", "product")
    assert one.run("plan", "product").code == 0


def test_what_cannot_be_captured_is_listed_and_nothing_is_done(shop):
    one = shop(old="mariadb", products=5)
    one.run("upgrade")
    one.execute("ALTER TABLE tb_product ENGINE=MyISAM")
    ended = one.run("sync", "install", "--json")
    assert ended.code == 2
    assert "ENGINE=InnoDB" in ended.document["error"]["message"]
    printed = one.run("sync", "install", "--dry-run")
    assert (printed.code, printed.out.count("CREATE TRIGGER")) == (0, 6)
    assert "ENGINE=InnoDB" in printed.err


def test_a_database_that_is_swept_is_not_asked_for_triggers(shop, monkeypatch):
    one = shop(old="mariadb", products=5)
    one.run("upgrade")
    one.execute("ALTER TABLE tb_product ENGINE=MyISAM")
    # One server's database under two names: the tables that can have triggers, and those that can't.
    monkeypatch.setenv("CHANGEOVER_OLD_STILL_URL", one.environment["CHANGEOVER_OLD_SHOP_URL"])
    one.write_mappings(
        MAPPINGS.replace('product = old("shop"', 'product = old("still"').replace(
            "rows_per_range=1000", "high_water=product.goods_no"
        )
    )
    installed = one.run("sync", "install", "--json")
    assert (installed.code, len(installed.document["done"])) == (0, 1), installed
    assert one.run("sync", "check").code == 0
    assert one.run("sync", "sweep").code == 0
    assert one.run("backfill").code == 0
    one.execute("UPDATE tb_category SET cate_nm = 'renamed'")
    one.execute("INSERT INTO tb_product VALUES (1001, 'late', 'C1', '1', 1)")
    assert one.run("sync", "run", "--once").code == 0
    assert one.run("sync", "sweep").code == 0
    assert one.scalar("SELECT COUNT(*) FROM category WHERE name <> 'renamed'") == 0
    assert one.scalar("SELECT COUNT(*) FROM product") == 6
    assert one.run("sync", "check", "still").code == 1, "named, it is looked at"


@contextmanager
def noter(one, kind, monkeypatch) -> Generator[sa.Connection]:
    """The administrator's connection; commands work on the old database by an account that has the printed rights alone."""
    admin = sa.create_engine(one.environment["CHANGEOVER_OLD_SHOP_URL"])
    url = admin.url.set(username="noter", password="pw")
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", url.render_as_string(hide_password=False))
    account = "'noter'@'%'" if kind == "mariadb" else "noter"
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT", no_parameters=True) as connection:
        if kind == "mariadb":
            connection.exec_driver_sql(f"CREATE OR REPLACE USER {account} IDENTIFIED BY 'pw'")
        else:
            connection.exec_driver_sql("DROP ROLE IF EXISTS noter")
            connection.exec_driver_sql("CREATE ROLE noter LOGIN PASSWORD 'pw'")
        for database in one.run("grants", "--json").document["databases"][:1]:
            for statement in database["statements"]:
                connection.exec_driver_sql(statement)
        for statement in one.run("sync", "install", "--dry-run", "--json").document["grants"]:
            connection.exec_driver_sql(statement)
        yield connection
        if kind == "postgres":
            connection.exec_driver_sql("DROP OWNED BY noter")
            connection.exec_driver_sql("DROP ROLE noter")
    admin.dispose()


@SERVERS
def test_the_grants_that_are_printed_are_enough(shop, kind, monkeypatch):
    one = shop(old=kind, products=20)
    one.run("upgrade")
    with noter(one, kind, monkeypatch) as connection:
        if kind == "mariadb" and ON_MYSQL:  # its binary log is on, unless it is told otherwise
            told = one.run("sync", "install")
            assert (told.code, "log_bin_trust_function_creators = 1" in told.err) == (2, True)
            connection.exec_driver_sql("SET GLOBAL log_bin_trust_function_creators = 1")
        ended = one.run("sync", "install")
        assert ended.code == 0, ended
        connection.exec_driver_sql("DELETE FROM tb_product WHERE goods_no < 5")
        assert one.run("sync", "check").code == 0
        run = one.run("sync", "run", "--once")
        assert run.code == 0, run
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM changeover_outbox").scalar() == 0
        assert one.run("sync", "uninstall").code == 0


DIRECT = """
from changeover.mapping import Mapping, old, python

category, product = old("shop", "tb_category"), old("shop", "tb_product")
categories = Mapping("category", category, {{"code": category.cate_cd, "name": category.cate_nm}}, mode="direct"{accepted})
products = Mapping(
    "product",
    product,
    {{
        "name": python(lambda names: names, product.goods_nm),
        "category_id": product.price,
        "state": product.state,
        "price": product.price,
    }},
    mode="direct",
)
"""


def direct_shop(shop, kind, accepted=""):
    """Its new tables stand in the old database, and both mappings ask for direct mode."""
    one = shop(old=kind, new=None, products=5)
    one.write_mappings(DIRECT.format(accepted=accepted))
    if kind == "mariadb":
        one.execute("ALTER TABLE category DROP INDEX category_code")
    one.run("upgrade")
    return one


@mariadb_only("direct mode is MariaDB's and PostgreSQL's")
@SERVERS
def test_modes_are_printed_with_the_reason_and_the_grants_that_are_enough(shop, kind, monkeypatch):
    one = direct_shop(shop, kind, ", old_writes_may_fail=True" if kind == "mariadb" else "")
    printed = one.run("sync", "install", "--dry-run")
    assert printed.code == 0, printed
    assert "-- shop: table tb_category -> category: direct" in printed.out
    assert ("errors 1205, 1213" in printed.out) == (kind == "mariadb")
    left = "shop: table tb_product -> product: outbox, since a Python function makes a column"
    assert f"-- {left}\n" in printed.out
    assert ("DELIMITER $$\nSET STATEMENT " in printed.out) == (kind == "mariadb")
    document = one.run("sync", "install", "--dry-run", "--json").document
    assert [mode.split(": ")[2].split(";")[0] for mode in document["modes"]] == [
        "direct",
        "outbox, since a Python function makes a column",
    ]
    # On MariaDB nobody deletes what others refer to.
    rights = "SELECT, INSERT, UPDATE ON" if kind == "mariadb" else "SELECT, INSERT, UPDATE, DELETE ON"
    (written,) = [grant for grant in document["grants"] if "UPDATE" in grant]
    assert rights in written
    assert "category" in written
    only = one.run("sync", "install", "--dry-run", "--json", "product").document
    assert (len(only["modes"]), [g for g in only["grants"] if "UPDATE" in g]) == (1, [])
    with noter(one, kind, monkeypatch) as connection:
        done = one.run("sync", "install")
        assert done.code == 0, done
        assert left in done.err
        connection.exec_driver_sql("INSERT INTO tb_category VALUES (9, 'C9', 'late')")
        assert one.scalar("SELECT name FROM category WHERE id = 9") == "late"
        assert one.run("sync", "check").code == 0
        assert one.run("sync", "uninstall").code == 0


@pytest.mark.skipif(not ON_MYSQL, reason="MariaDB has direct mode")
def test_direct_mode_gives_way_to_the_outbox_on_mysql(shop):
    printed = direct_shop(shop, "mariadb").run("sync", "install", "--dry-run").out
    assert printed.count(": outbox, since on MySQL it was not tried") == 2


@mariadb_only("direct mode is MariaDB's and PostgreSQL's")
def test_direct_mode_on_mariadb_is_refused_until_its_risk_is_accepted(shop):
    one = direct_shop(shop, "mariadb")
    assert 'mode="direct" is refused here' in one.run("sync", "install", "--dry-run").out
    ended = one.run("sync", "install", "--json")
    assert ended.code == 2
    said = ended.document["error"]["message"]
    assert "mapping shop.tb_category.category: " in said
    assert "may wait for locks of the new table, and fail or be rolled back" in said
    assert "old_writes_may_fail=True" in said
    triggers = "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    assert one.scalar(triggers) == 0
    assert one.run("sync", "install", "product").code == 0
