"""`changeover verify` and `changeover resync`."""

from __future__ import annotations

import json
import signal

import pytest


@pytest.fixture
def moved(shop):
    """A shop whose rows are moved."""
    one = shop(products=2500)
    one.run("upgrade")
    one.run("backfill")
    return one


def test_what_was_copied_and_not_touched_is_equal(moved):
    ended = moved.run("verify", "--json")
    assert (ended.code, ended.document["ok"]) == (0, True)
    found = {t["target"]: t for t in ended.document["tables"]}
    assert {name: (t["compared"], t["equal"]) for name, t in found.items()} == {
        "category": (5, True),
        "product": (2500, True),
    }
    assert found["category"]["by_value"] == 0
    assert "Python" in found["product"]["how"]
    status = moved.run("status", "product", "--json").document["tables"][0]
    assert (status["ranges_verified"], status["drifted"]) == (3, 0)


def test_drift_is_named_counted_mended_and_gone(moved):
    moved.execute("UPDATE category SET name = 'by hand' WHERE id = 3", new=True)
    moved.execute("DELETE FROM product WHERE id = 7", new=True)
    ended = moved.run("verify", "--json")
    assert ended.code == 1
    (category, product) = ended.document["tables"]
    assert [(d["key"], d["kind"], d["columns"]) for d in category["differences"]] == [
        ("3", "different", ["name"])
    ]
    assert [(d["key"], d["kind"], d["columns"]) for d in product["differences"]] == [("7", "missing", [])]
    status = moved.run("status", "--json")
    assert status.code == 1
    assert [t["drifted"] for t in status.document["tables"]] == [1, 1]

    dry = moved.run("resync", "--dry-run", "--json")
    assert dry.code == 1
    assert [(r["key"], r["action"], r["mended"]) for r in dry.document["rows"]] == [
        ("3", "update", False),
        ("7", "insert", False),
    ]
    assert moved.scalar("SELECT COUNT(*) FROM product WHERE id = 7") == 0

    assert moved.run("resync").code == 0
    assert moved.scalar("SELECT name FROM category WHERE id = 3") == "category 3"
    assert moved.run("status").code == 0
    again = moved.run("verify", "--json")
    assert again.code == 0
    assert [(t["mended"], t["open"]) for t in again.document["tables"]] == [(1, 0), (1, 0)]


def test_the_report_says_what_was_compared_how_and_what_was_found(moved):
    moved.execute("UPDATE category SET name = '<script>' WHERE id = 3", new=True)
    page, document = moved.folder / "report.html", moved.folder / "report.json"
    assert moved.run("verify", "--deep", "--report", str(page)).code == 1
    assert moved.run("verify", "--report", str(document)).code == 1
    text = page.read_text()
    for part in ("value by value", "category", "2,500", "different", "Signed", "Not equal: 1 row differs."):
        assert part in text
    assert "<script>" not in text
    assert json.loads(document.read_text())["depth"] == "checksums"


def test_a_range_that_is_not_copied_is_not_called_verified(moved):
    moved.execute("INSERT INTO tb_product VALUES (3001, 'new', 'C1', '0', 5)")
    assert moved.run("plan").code == 0
    ended = moved.run("verify", "product", "--json")
    (product,) = ended.document["tables"]
    assert ended.code == 1
    assert (product["ranges"], product["ranges_verified"]) == (4, 3)
    assert "not copied yet" in next(iter(product["not_verified"].values()))


def test_rejected_rows_are_not_called_equal(moved):
    moved.soil(7)
    moved.run("backfill", "product", "--again")
    page = moved.folder / "report.html"
    ended = moved.run("verify", "product", "--json", "--report", str(page))
    (product,) = ended.document["tables"]
    assert ended.code == 1
    assert (product["rejected"], product["open"], product["compared"]) == (1, 0, 2499)
    text = page.read_text()
    assert (
        "Nothing differs in what was compared, but not all was.</strong> Not compared: 1 rejected row."
        in text
    )
    assert "Not equal" not in text


def test_a_sample_looks_at_so_many_ranges(moved):
    ended = moved.run("verify", "product", "--sample", "1", "--json")
    assert (ended.code, ended.document["sampled"]) == (0, True)
    assert ended.document["tables"][0]["ranges"] == 1


def test_usage_is_told_from_findings(moved):
    assert moved.run("verify", "--report", "x.pdf").code == 2
    assert moved.run("verify", "nothing").code == 2


def test_a_verification_that_was_stopped_goes_on_with_the_ranges_that_are_left(moved):
    moved.shut(after=1)
    running = moved.start("verify", "product", "--json", "-w", "1")
    moved.wait_until_inside(running)
    running.send_signal(signal.SIGINT)
    moved.wait_until_said(running, "stopping after the current ranges")
    moved.open()
    ended = moved.end(running)
    assert ended.code == 130
    first = ended.document["tables"][0]
    assert 0 < first["ranges_verified"] < 3
    again = moved.run("verify", "product", "--json")
    assert again.code == 0
    assert again.document["verification"] == ended.document["verification"]
    assert again.document["tables"][0]["ranges_verified"] == 3


def test_a_verification_that_was_killed_goes_on_as_well(moved):
    moved.shut(after=1)
    running = moved.start("verify", "product", "--json", "-w", "1")
    moved.wait_until_inside(running)
    running.kill()
    moved.end(running)
    moved.open()
    one = moved.scalar("SELECT MAX(id) FROM changeover_verification WHERE finished_at IS NULL")
    done = moved.scalar(f"SELECT COUNT(*) FROM changeover_verified WHERE verification_id = {one}")
    assert done == 1
    again = moved.run("verify", "product", "--json")
    assert again.code == 0
    assert again.document["verification"] == one
    assert again.document["tables"][0]["ranges_verified"] == 3


def test_the_screen_says_why_a_table_is_or_is_not_the_same(moved):
    assert "2,505 rows of 2 tables are the same on both sides" in moved.run("verify").out
    moved.soil(7)
    moved.run("backfill", "product", "--again")
    ended = moved.run("verify")
    assert ended.code == 1
    assert "1 rejected row could not be compared" in ended.out
    assert "are the same on both sides" not in ended.out
    moved.execute("UPDATE product SET price = price + 1 WHERE id > 2490", new=True)
    assert "product: 7 rows more that differ" in moved.run("verify").out


def test_a_copy_settles_what_was_found_and_status_says_that_it_was_not_compared_since(moved):
    moved.execute("UPDATE product SET price = price + 1 WHERE id IN (7, 1500)", new=True)
    moved.run("verify")
    assert moved.run("backfill", "product", "--range", "0000000000-0000001000").code == 0
    table = moved.run("status", "product", "--json").document["tables"][0]
    assert (table["drifted"], table["ranges_verified"], table["ranges_copied_again"]) == (1, 1, 1)
    ended = moved.run("status")
    assert "copied again since they were verified: shop.tb_product (1 range)" in ended.out
    assert moved.run("resync").code == 0
    assert moved.run("verify").code == 0
    assert "copied again" not in moved.run("status").out
