"""`changeover backfill`."""

from __future__ import annotations

import json
import os
import pty
import re
import select

import pytest

from tests.cli.shop import MAPPINGS, PROGRAM

PAIRS = [("sqlite", "sqlite"), ("mariadb", "postgres"), ("postgres", "mariadb")]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_everything_is_moved_parents_first_and_the_exit_code_says_so(shop, old, new):
    one = shop(old=old, new=new, products=2500)
    one.run("upgrade")
    ended = one.end(one.start("backfill", "--json"))
    assert ended.code == 0, ended
    assert ended.document["ok"] is True
    tables = {t["root"]: t for t in ended.document["tables"]}
    assert list(tables) == ["shop.tb_category", "shop.tb_product"]
    assert tables["shop.tb_product"]["state"] == "done"
    assert tables["shop.tb_product"]["run"] | {"bytes": 0, "seconds": 0, "rows_per_second": 0} == {
        "ranges_done": 3,
        "rows_read": 2500,
        "inserted": 2500,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 0,
        "bytes": 0,
        "seconds": 0,
        "rows_per_second": 0,
    }
    moved = (
        "SELECT COUNT(*) FROM product p JOIN category c ON c.id = p.category_id WHERE p.name LIKE 'PRODUCT %'"
    )
    assert one.scalar(moved) == 2500
    assert one.scalar("SELECT SUM(price) FROM product") == 2500 * 2501 // 2


def test_rejected_rows_are_a_finding_and_the_other_rows_are_moved(shop):
    one = shop(products=100)
    one.soil(7, 77)
    one.run("upgrade")
    ended = one.run("backfill", "--json")
    assert ended.code == 1
    table = ended.document["tables"][1]
    assert (table["state"], table["run"]["rejected"], table["status"]["rejected_open"]) == ("rejects", 2, 2)
    assert one.scalar("SELECT COUNT(*) FROM product") == 98
    shown = one.run("backfill")
    assert shown.code == 1, "still open"
    assert "changeover rejects" in shown.out


def test_a_second_run_has_nothing_to_do_and_again_compares_everything(shop):
    one = shop(products=100)
    one.run("upgrade")
    assert one.run("backfill").code == 0
    assert one.run("backfill", "--json").document["tables"][1]["run"]["rows_read"] == 0
    one.execute("UPDATE product SET name = 'spoilt' WHERE id = 5", new=True)
    ended = one.run("backfill", "--again", "--json")
    run = ended.document["tables"][1]["run"]
    assert (ended.code, run["updated"], run["unchanged"]) == (0, 1, 99)
    assert one.scalar("SELECT name FROM product WHERE id = 5") == "PRODUCT 5"


def test_rows_that_came_later_are_planned_and_moved(shop):
    one = shop(products=100)
    one.run("upgrade")
    one.run("backfill")
    one.execute("INSERT INTO tb_product VALUES (101, 'late', 'C1', '1', 1)")
    assert one.run("backfill").code == 0
    assert one.scalar("SELECT name FROM product WHERE id = 101") == "LATE"


def test_without_planning_a_table_without_ranges_is_not_called_done(shop):
    one = shop(products=100)
    one.run("upgrade")
    ended = one.run("backfill", "--no-plan", "--json")
    assert (ended.code, ended.document["ok"]) == (1, False)
    assert ended.document["tables"][1]["state"] == "not planned"


def test_only_the_named_range_is_copied(shop):
    one = shop(products=2500)
    one.run("upgrade")
    one.run("plan")
    one.run("backfill", "category")
    ranges = one.run("status", "product", "--ranges", "--json").document["ranges"]
    ended = one.run("backfill", "product", "--range", ranges[1]["name"], "--json")
    assert ended.code == 0
    assert ended.document["tables"][0]["run"]["rows_read"] == 1000
    assert (one.scalar("SELECT MIN(id) FROM product"), one.scalar("SELECT MAX(id) FROM product")) == (
        1001,
        2000,
    )


def test_a_named_range_is_judged_by_its_own_rows(shop):
    one = shop(products=2500)
    one.soil(7)
    one.run("upgrade")
    one.run("backfill")
    ranges = [r["name"] for r in one.run("status", "product", "--ranges", "--json").document["ranges"]]
    assert one.run("backfill", "product", "--range", ranges[1]).code == 0
    assert one.run("backfill", "product", "--range", ranges[0]).code == 1
    assert one.run("backfill", "product", "-r", ranges[0], "-r", ranges[1]).code == 1


def test_an_unknown_range_and_a_range_of_no_single_table_are_usage_errors(shop):
    one = shop(products=100)
    one.run("upgrade")
    one.run("plan")
    unknown = one.run("backfill", "product", "--range", "nowhere")
    assert unknown.code == 2
    assert "changeover status shop.tb_product --ranges" in unknown.err
    several = one.run("backfill", "--range", "nowhere")
    assert several.code == 2
    assert "shop.tb_category, shop.tb_product" in several.err


def test_children_before_their_parents_wait_and_are_mended_by_a_full_run(shop):
    one = shop(products=100)
    one.run("upgrade")
    alone = one.run("backfill", "product", "--json")
    assert alone.code == 1
    assert alone.document["tables"][0]["status"]["waiting"] == 100
    assert one.run("backfill").code == 0
    assert one.scalar("SELECT COUNT(*) FROM product") == 100


def test_rows_that_become_several_tables_are_expected_once(shop):
    one = shop(products=1500)
    with one.new.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE title (id INTEGER PRIMARY KEY, name VARCHAR(100))")
    one.write_mappings(MAPPINGS + 'titles = Mapping("title", product, {"name": product.goods_nm})\n')
    one.run("upgrade")
    ended = one.run("backfill")
    assert ended.code == 0
    assert "shop.tb_product: 2 ranges, about 1,500 rows" in ended.err
    assert "2/2 ranges, 1,500 rows in" in ended.err


def test_a_failed_range_is_named_with_its_reason_and_the_next_run_takes_it_again(shop):
    one = shop(products=2500)
    one.write_mappings(MAPPINGS.replace("rows_per_range=1000", "rows_per_range=1000, max_rejects=10"))
    one.soil(*range(1200, 1300))
    one.run("upgrade")
    ended = one.run("backfill", "--json")
    assert ended.code == 1
    table = ended.document["tables"][1]
    # SQLite copies ranges one after the other: the limit is reached in the second, and the third stops at once.
    assert table["state"] == "failed"
    assert table["failed"]
    assert all("max_rejects=10" in failed["error"] for failed in table["failed"])
    assert "max_rejects=10" in one.run("status", "product", "--ranges").out
    one.execute("UPDATE tb_product SET state = '1'")
    assert one.run("rejects", "retry").code == 0
    assert one.run("backfill").code == 0
    assert one.scalar("SELECT COUNT(*) FROM product") == 2500


def test_after_the_mapping_was_mended_what_it_rejected_before_stops_nothing(shop):
    one = shop(products=2500)
    whole = MAPPINGS.replace("rows_per_range=1000", "rows_per_range=5000, max_rejects=%d")
    one.write_mappings(whole % 9999)
    one.soil(*range(1, 2501), state="old")
    one.soil(5, 2200)
    one.run("upgrade")
    one.run("backfill")
    assert one.scalar("SELECT COUNT(*) FROM changeover_reject") == 2500
    # Row 5 has the rejects looked at after the first chunk, when those of the chunks to come are the former mapping's.
    one.write_mappings((whole % 10).replace('"1": "on sale"', '"1": "on sale", "old": "sold out"'))
    ended = one.end(one.start("backfill", "--json"))  # another process: it imports the mappings anew
    table = ended.document["tables"][1]
    assert (table["state"], table["failed"]) == ("rejects", [])
    assert one.scalar("SELECT COUNT(*) FROM changeover_reject") == 2


def test_what_the_mapping_rejects_as_it_is_stops_it_again(shop):
    one = shop(products=2500)
    limited = MAPPINGS.replace("rows_per_range=1000", "rows_per_range=5000, max_rejects=10")
    one.write_mappings(limited)
    one.soil(*range(1, 2501))
    one.run("upgrade")
    assert one.run("backfill").code == 1
    again = one.run("backfill", "--json").document["tables"][1]
    assert again["state"] == "failed"
    assert all("max_rejects=10" in failed["error"] for failed in again["failed"])


def test_with_json_stdout_is_one_document_and_progress_goes_to_stderr(shop):
    one = shop(products=100)
    one.run("upgrade")
    ended = one.end(one.start("backfill", "--json"))
    json.loads(ended.out)
    lines = ended.err.splitlines()
    assert any(
        re.fullmatch(r"\d\d:\d\d:\d\d planned shop\.tb_product: 1 range, 100 rows, .*", line)
        for line in lines
    )
    assert any("[2/2] shop.tb_product: 1/1 ranges, 100 rows in" in line for line in lines)
    assert "\x1b" not in ended.err + ended.out


def test_on_a_terminal_a_bar_moves_and_the_cursor_comes_back(shop):
    one = shop(products=2500)
    one.run("upgrade")
    screen = _on_terminal(one, "backfill")
    assert "━" in screen
    assert re.search(r"[123]/3 ranges", screen)
    assert "[2/2] shop.tb_product: 3/3 ranges, 2,500 rows in" in screen
    assert screen.rfind("\x1b[?25h") > screen.rfind("\x1b[?25l")


def _on_terminal(one, *words: str) -> str:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(one.folder)
        os.environ.update(one.environment, TERM="xterm-256color", COLUMNS="120")
        os.execv(PROGRAM, [str(PROGRAM), *words])
    screen = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            some = os.read(terminal, 65536)
        except OSError:  # Linux says EIO at the other side's end
            break
        if not some:
            break
        screen += some
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, screen
    return screen.decode()
