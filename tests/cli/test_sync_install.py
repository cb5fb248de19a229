"""`changeover sync install`, `check` and `uninstall`."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

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


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_the_grants_that_are_printed_are_enough(shop, kind, monkeypatch):
    one = shop(old=kind, products=20)
    one.run("upgrade")
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
        ended = one.run("sync", "install")
        assert ended.code == 0, ended
        connection.exec_driver_sql("DELETE FROM tb_product WHERE goods_no < 5")
        assert one.run("sync", "check").code == 0
        run = one.run("sync", "run", "--once")
        assert run.code == 0, run
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM changeover_outbox").scalar() == 0
        assert one.run("sync", "uninstall").code == 0
        if kind == "postgres":
            connection.exec_driver_sql("DROP OWNED BY noter")
            connection.exec_driver_sql("DROP ROLE noter")
    admin.dispose()
