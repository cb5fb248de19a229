"""`changeover status`."""

from __future__ import annotations

import pytest


def test_before_anything_is_done_there_is_nothing_wrong(shop):
    one = shop()
    one.run("upgrade")
    ended = one.run("status", "--json")
    assert (ended.code, ended.document["ok"]) == (0, True)
    assert [(t["root"], t["state"]) for t in ended.document["tables"]] == [
        ("shop.tb_category", "not planned"),
        ("shop.tb_product", "not planned"),
    ]


def test_a_table_that_was_moved_is_done_and_its_figures_are_the_ledgers(shop):
    one = shop(products=2500)
    one.run("upgrade")
    one.run("backfill")
    ended = one.run("status", "product", "--json")
    (table,) = ended.document["tables"]
    assert ended.code == 0
    assert (table["state"], table["ranges_total"], table["ranges_done"]) == ("done", 3, 3)
    assert (table["rows_planned"], table["rows_read"], table["written"], table["rejected_open"]) == (
        2500,
        2500,
        2500,
        0,
    )
    assert table["updated_at"].endswith("Z"), "the ledger's times are UTC"
    shown = one.run("status", "product")
    line = shown.out.splitlines()[1].split()
    assert line[:6] == ["shop.tb_product", "product", "done", "3/3", "2,500", "2,500"]


def test_open_rejects_are_findings_and_the_screen_says_what_to_do(shop):
    one = shop()
    one.soil(7)
    one.run("upgrade")
    one.run("backfill")
    ended = one.run("status")
    assert ended.code == 1
    assert "changeover rejects" in ended.out
    assert one.run("status", "category").code == 0


def test_a_mapping_that_changed_since_is_a_finding_until_its_rows_are_copied_anew(shop):
    one = shop()
    one.run("upgrade")
    one.run("backfill")
    file = one.folder / one.package / "shop" / "catalog.py"
    one.write_mappings(file.read_text().replace('"on sale"', '"selling"'))
    stale = one.end(one.start("status", "--json"))
    assert stale.code == 1
    assert {t["root"]: t["state"] for t in stale.document["tables"]}["shop.tb_product"] == "stale"
    assert one.end(one.start("backfill")).code == 0
    assert one.scalar("SELECT COUNT(*) FROM product WHERE state = 'selling'") == 50
    assert one.end(one.start("status")).code == 0


def test_ranges_are_shown_for_one_root(shop):
    one = shop(products=2500)
    one.run("upgrade")
    one.run("backfill")
    ended = one.run("status", "product", "--ranges", "--json")
    assert ended.code == 0
    ranges = ended.document["ranges"]
    assert [(r["no"], r["status"], r["rows_read"], r["inserted"]) for r in ranges] == [
        (1, "done", 1000, 1000),
        (2, "done", 1000, 1000),
        (3, "done", 500, 500),
    ]
    assert ranges[0]["lower"] is None, "the first is open below"
    assert ranges[0]["upper"] == ranges[1]["lower"] == ["1000"]
    shown = one.run("status", "product", "--ranges")
    assert all(r["name"] in shown.out for r in ranges)
    assert one.run("status", "--ranges").code == 2


@pytest.mark.parametrize("new", ["mariadb", "postgres"])
def test_a_running_backfill_can_be_looked_at_from_elsewhere(shop, new):
    one = shop(new=new, products=5000)
    one.run("upgrade")
    one.shut(after=2)
    process = one.start("backfill", "--workers", "1")
    one.wait_until_inside(process)
    ended = one.run("status", "product", "--json")
    one.open()
    assert one.end(process).code == 0
    (table,) = ended.document["tables"]
    assert ended.code == 0
    assert (table["state"], table["ranges_running"], table["rows_read"]) == ("running", 1, 2000)
    assert table["rate"] > 0
    assert table["eta_seconds"] > 0
