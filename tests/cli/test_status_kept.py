"""`changeover status` on tables that are kept in step: live sync, sweeps, and what goes wrong with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from changeover.ledger.clock import now
from tests.cli.shop import MAPPINGS, Shop


@pytest.fixture
def copied(shop) -> Shop:
    """A shop with triggers, all of it copied."""
    one = shop(products=50)
    for words in (("upgrade",), ("sync", "install"), ("backfill",)):
        assert one.run(*words).code == 0
    return one


def kept(one: Shop) -> dict[str, Any]:
    return {t["root"]: t["kept"] for t in one.run("status", "--json").document["tables"]}


def test_what_nothing_keeps_in_step_is_not_spoken_of(shop):
    one = shop()
    one.run("upgrade")
    assert kept(one) == {"shop.tb_category": None, "shop.tb_product": None}
    shown = one.run("status").out
    assert "live sync" not in shown
    assert "sweep" not in shown


def test_a_live_sync_that_was_never_started_is_no_finding_and_is_said(copied):
    ended = copied.run("status")
    assert ended.code == 0
    assert "live sync of shop: not started; `changeover sync run shop`" in ended.out
    assert {k["state"] for k in kept(copied).values()} == {"not started"}


def test_what_was_applied_is_told_by_table_and_a_live_sync_that_was_stopped_says_so(copied):
    copied.execute("UPDATE tb_product SET price = price + 1 WHERE goods_no <= 7")
    assert copied.run("sync", "run", "--once").code == 0
    ended = copied.run("status")
    found = kept(copied)
    product = found["shop.tb_product"]
    assert ended.code == 0
    assert (product["by"], product["state"], product["lag_keys"], product["not_watched"]) == (
        "live sync",
        "stopped",
        0,
        [],
    )
    assert (product["keys_applied"], product["updated"], found["shop.tb_category"]["keys_applied"]) == (
        7,
        7,
        0,
    )
    assert product["seen_at"].endswith("Z")
    assert "live sync of shop: stopped" in ended.out
    assert "`changeover sync run shop`" in ended.out


def test_a_broken_table_is_a_finding_with_its_reason_its_remedy_and_what_waits(copied):
    copied.execute("UPDATE tb_product SET price = price + 1 WHERE goods_no <= 4")
    copied.execute("UPDATE tb_category SET cate_nm = 'other' WHERE cate_no = 1")
    copied.execute("DROP TRIGGER changeover_au_tb_product")
    assert copied.run("sync", "run", "--once").code == 1
    ended, found = copied.run("status"), kept(copied)
    assert ended.code == 1
    assert (found["shop.tb_product"]["lag_keys"], found["shop.tb_category"]["lag_keys"]) == (4, 0)
    assert found["shop.tb_product"]["lag_seconds"] > 0
    (broken,) = found["shop.tb_product"]["not_watched"]
    assert (broken["table"], found["shop.tb_category"]["not_watched"]) == ("tb_product", [])
    assert "changeover_au_tb_product" in broken["reason"]
    assert "NOT WATCHED" in ended.out
    said = "capture of shop.tb_product, read for shop.tb_product, is broken, and its changes are not applied: its trigger"
    assert said in ended.out
    assert "`changeover sync install`" in ended.out
    copied.run("sync", "install")
    copied.run("backfill")
    assert copied.run("status").code == 0


def test_a_table_without_triggers_beside_watched_ones_is_a_finding(shop):
    one = shop()
    one.run("upgrade")
    one.run("sync", "install", "category")
    ended = one.run("status")
    assert ended.code == 1
    assert "capture of shop.tb_product" in ended.out
    assert "has no triggers yet: `changeover sync install`" in ended.out
    assert one.run("status", "category").code == 0


def test_a_live_sync_that_was_killed_is_a_finding_after_a_minute(copied):
    process = copied.start("sync", "run")
    copied.wait_until(process, lambda: copied.scalar("SELECT COUNT(*) FROM changeover_sync"))
    process.kill()
    copied.end(process)

    def seen(before: float) -> None:
        at = str(now() - timedelta(seconds=before))
        copied.execute("UPDATE changeover_sync SET beat_at = :at", [{"at": at}], new=True)

    seen(-3_600)
    assert copied.run("status").code == 0, "it may be waiting for a lock"
    seen(61)
    ended = copied.run("status")
    assert ended.code == 1
    assert "live sync of shop: SILENT" in ended.out
    assert {k["state"] for k in kept(copied).values()} == {"silent"}


def test_a_live_sync_that_failed_says_why(copied):
    copied.run("sync", "run", "--once")
    copied.execute("UPDATE changeover_sync SET state = 'failed', error = 'the server is gone'", new=True)
    ended = copied.run("status")
    assert ended.code == 1
    assert "live sync of shop: FAILED" in ended.out
    assert "the server is gone; `changeover sync run shop`" in ended.out


def test_swept_tables_say_so_when_they_were_swept_and_what_sweeps_do_not_see(shop):
    one = shop()
    one.write_mappings(
        MAPPINGS.replace("rows_per_range=1000", "rows_per_range=1000, high_water=product.goods_no")
    )
    one.run("upgrade")
    before = one.run("status")
    assert (before.code, "never swept: `changeover sync sweep`" in before.out) == (0, True)
    for words in (("sync", "sweep"), ("backfill",)):
        assert one.run(*words).code == 0
    one.execute("INSERT INTO tb_product VALUES (1001, 'late', 'C1', '1', 1)")
    assert one.run("sync", "sweep").code == 0
    ended, found = one.run("status"), kept(one)
    assert (ended.code, found["shop.tb_category"]) == (0, None)
    assert (found["shop.tb_product"]["by"], found["shop.tb_product"]["state"]) == ("sweeps", "swept")
    assert found["shop.tb_product"]["seen_at"].endswith("Z")
    assert found["shop.tb_product"]["lag_keys"] is None
    assert "deleted rows" in found["shop.tb_product"]["unseen"]
    for words in (
        "never swept",
        "sweeps of a high-water column: shop.tb_product.",
        "deleted rows",
        "ten minutes",
    ):
        assert (words in ended.out) == (words != "never swept")
    assert "`changeover backfill --again`" in ended.out
    assert "`changeover verify`" in ended.out


def test_it_is_readable_in_eighty_columns(copied, monkeypatch):
    copied.run("sync", "run", "--once")
    monkeypatch.setenv("COLUMNS", "80")
    shown = copied.run("status").out.splitlines()
    tables = [line for line in shown if line.startswith(("root", "shop."))]
    assert max(map(len, tables)) <= 80
    assert len(tables) == 6, "each row in one line"
    assert [line.split()[0] for line in tables[1:3]] == ["shop.tb_category", "shop.tb_product"]
    assert tables[0].split() == ["root", "state", "ranges", "read", "rejected", "waiting", "rows/s", "left"]


def test_it_asks_as_much_for_one_table_as_for_many(copied):
    asked: list[str] = []

    def note(*words: object) -> None:
        asked.append(str(words[2]))

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        copied.run("status", "category")
        one = len([a for a in asked if "changeover_" in a])
        asked.clear()
        copied.run("status")
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)
    assert len([a for a in asked if "changeover_" in a]) == one
