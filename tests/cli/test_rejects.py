"""`changeover rejects`."""

from __future__ import annotations

import csv
import io
import json
import stat

import pytest

from tests.cli.shop import MAPPINGS

SECRET = "s3cret-state"


@pytest.fixture
def dirty(shop):
    """A shop after a backfill with two rejects."""
    one = shop()
    one.soil(7, 77, state=SECRET)
    one.run("upgrade")
    one.run("backfill")
    return one


def test_rejects_are_listed_with_key_column_and_reason_but_not_their_values(dirty):
    for words in ([], ["list"], ["product"], ["list", "--kind", "value"]):
        ended = dirty.run("rejects", *words)
        assert ended.code == 1, words
        assert "shop.tb_product.product" in ended.out
        lines = [line.split() for line in ended.out.splitlines() if line.startswith("shop.tb_product")]
        assert [(words[1], words[2], words[3]) for words in lines] == [
            ("7", "state", "value"),
            ("77", "state", "value"),
        ]
        assert "2 rows rejected" in ended.out
        assert SECRET not in ended.out + ended.err


def test_values_are_shown_when_asked_for(dirty):
    assert SECRET in dirty.run("rejects", "--values").out
    with_values = dirty.run("rejects", "--values", "--json").document["rejects"]
    assert [r["value"] for r in with_values] == [SECRET, SECRET]


def test_json_has_all_that_is_needed_to_mend_a_row_but_no_value(dirty):
    ended = dirty.run("rejects", "--json")
    assert (ended.code, ended.document["open"]) == (1, 2)
    first = ended.document["rejects"][0]
    assert {k: first[k] for k in ("mapping", "root", "target", "key", "column", "kind", "attempts")} == {
        "mapping": "shop.tb_product.product",
        "root": "shop.tb_product",
        "target": "product",
        "key": "7",
        "column": "state",
        "kind": "value",
        "attempts": 1,
    }
    assert "value map" in first["reason"]
    assert SECRET not in ended.out


def test_a_list_can_be_narrowed_and_cut(dirty):
    assert dirty.run("rejects", "category").code == 0
    assert dirty.run("rejects", "--kind", "waiting").code == 0
    one = dirty.run("rejects", "--limit", "1", "--json").document
    assert (one["open"], len(one["rejects"])) == (2, 1)
    assert dirty.run("rejects", "--kind", "nonsense").code == 2


def test_where_nothing_is_rejected_the_list_is_empty_and_the_exit_code_0(shop):
    one = shop()
    one.run("upgrade")
    one.run("backfill")
    ended = one.run("rejects")
    assert (ended.code, ended.out.strip()) == (0, "there are no open rejects")


def test_a_retry_moves_what_was_mended_and_counts_what_is_left(dirty):
    dirty.execute("UPDATE tb_product SET state = '1' WHERE goods_no = 7")
    ended = dirty.run("rejects", "retry", "--json")
    assert ended.code == 1
    assert ended.document["mappings"]["shop.tb_product.product"] == {"tried": 2, "mended": 1, "left": 1}
    assert dirty.scalar("SELECT state FROM product WHERE id = 7") == "on sale"
    dirty.execute("UPDATE tb_product SET state = '1' WHERE goods_no = 77")
    assert dirty.run("rejects", "retry", "product").code == 0
    assert dirty.run("status").code == 0
    assert dirty.run("rejects", "retry").out.strip() == "there is nothing to try again"


def test_an_export_holds_every_reject_in_a_file_that_only_its_owner_can_read(dirty):
    file = dirty.folder / "rejects.jsonl"
    ended = dirty.run("rejects", "export", "-o", str(file))
    assert ended.code == 0
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(r["key"], r["column"]) for r in rows] == [("7", "state"), ("77", "state")]
    assert SECRET not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "2 rejects" in ended.err


def test_an_export_of_more_than_a_page_is_complete(shop):
    one = shop(products=2500)
    one.soil(*range(1, 2201))
    one.write_mappings(
        (one.folder / one.package / "shop" / "catalog.py")
        .read_text()
        .replace("=1000,", "=1000, max_rejects=9999,")
    )
    one.run("upgrade")
    one.run("backfill")
    ended = one.run("rejects", "export", "--format", "csv", "--values")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert [int(r["key"]) for r in rows] == list(range(1, 2201))
    assert {r["value"] for r in rows} == {SECRET}


def test_a_summary_counts_rows_by_reason_however_many_there_are(shop):
    one = shop(products=300)
    one.soil(*range(1, 101))
    one.execute("UPDATE tb_product SET cate_cd = 'none' WHERE goods_no BETWEEN 91 AND 120")
    one.run("upgrade")
    one.run("backfill")
    ended = one.run("rejects", "--summary", "--json")
    assert ended.code == 1
    assert [(c["column"], c["kind"], c["rows"]) for c in ended.document["causes"]] == [
        ("state", "value", 100),
        ("category_id", "waiting", 20),
    ]
    assert ended.document["open"] == 120
    assert SECRET not in ended.out
    shown = one.run("rejects", "--summary")
    assert shown.code == 1
    assert "the value map has no entry for this value" in shown.out
    only = one.run("rejects", "product", "--summary", "--kind", "waiting", "--json").document
    assert [c["rows"] for c in only["causes"]] == [20]
    assert "--summary" in one.run("rejects").out


def test_conflicts_count_together_though_each_names_its_rival(shop):
    one = shop(products=50)
    one.execute("UPDATE tb_category SET cate_cd = 'twin' WHERE cate_no IN (1, 2, 3)")
    one.run("upgrade")
    one.run("backfill")
    causes = one.run("rejects", "--summary", "--kind", "conflict", "--json").document["causes"]
    assert [(c["column"], c["rows"]) for c in causes] == [("code", 2)]


def test_no_value_is_shown_as_null_where_none_was_kept(shop):
    one = shop(products=50)
    one.environment["COLUMNS"] = "400"
    one.execute("UPDATE tb_product SET cate_cd = 'none' WHERE goods_no = 7")
    one.run("upgrade")
    one.run("backfill")
    shown = one.run("rejects", "--values").out
    assert "waiting" in shown
    assert "NULL" not in shown


def test_a_value_can_not_steer_the_terminal(shop):
    one = shop()
    one.environment["COLUMNS"] = "400"
    one.soil(7, state="\x1b[2J\x1b[31mred\nline [bold]")
    one.run("upgrade")
    one.run("backfill")
    shown = one.run("rejects", "--values").out
    assert "\x1b" not in shown
    assert r"\x1b[2J\x1b[31mred\nline [bold]" in shown


@pytest.mark.parametrize(("old", "new"), [("postgres", "mariadb"), ("mariadb", "postgres")])
def test_rejects_are_kept_and_mended_on_servers(shop, old, new):
    one = shop(old=old, new=new)
    one.soil(7)
    one.run("upgrade")
    assert one.run("backfill").code == 1
    assert [r["key"] for r in one.run("rejects", "--json").document["rejects"]] == ["7"]
    one.execute("UPDATE tb_product SET state = '1'")
    assert one.run("rejects", "retry").code == 0
    assert one.scalar("SELECT COUNT(*) FROM product") == 100


def test_rejects_of_a_mapping_that_no_longer_exists_are_told_listed_and_closed(dirty):
    dirty.write_mappings(MAPPINGS.replace("    rows_per_range", '    name="goods",\n    rows_per_range'))

    def run(*words):
        return dirty.end(dirty.start(*words))

    assert run("backfill", "product").code == 1
    # The mapping's own are counted for its table, and those of the name it had by themselves.
    status = run("status", "--json")
    assert status.code == 1
    assert {t["root"]: t["rejected_open"] for t in status.document["tables"]}["shop.tb_product"] == 2
    gone = {"mapping": "shop.tb_product.product", "root": "shop.tb_product", "target": "product", "rows": 2}
    assert status.document["orphans"] == [gone]
    listed = run("rejects", "--json").document
    assert (listed["open"], listed["orphans"]) == (4, [gone])
    assert {r["mapping"] for r in listed["rejects"]} == {"goods", "shop.tb_product.product"}
    alone = run("rejects", "shop.tb_product.product", "--json").document
    assert {r["mapping"] for r in alone["rejects"]} == {"shop.tb_product.product"}
    assert "rejects close shop.tb_product.product" in run("status").out
    dirty.execute("UPDATE tb_product SET state = '1'")
    assert run("rejects", "retry").code == 0
    assert run("status").code == 1, "nothing applies a mapping that is not there"
    for name in ("goods", "nothing"):
        assert run("rejects", "close", name).code == 2
    closed = run("rejects", "close", "shop.tb_product.product", "--json")
    assert (closed.code, closed.document["closed"]) == (0, [{**gone, "images": 0}])
    assert run("status").code == 0
    assert run("rejects").code == 0


def test_status_and_rejects_count_the_same_rows(dirty):
    dirty.execute("DELETE FROM tb_category WHERE cate_cd = 'C2'")
    dirty.write_mappings(
        MAPPINGS.replace(
            'categories = Mapping("category", category,',
            'categories = Mapping("category", category, name="kinds", columns=',
        )
    )
    status = dirty.end(dirty.start("status", "--json")).document
    counted = sum(t["rejected_open"] for t in status["tables"]) + sum(o["rows"] for o in status["orphans"])
    assert counted == dirty.end(dirty.start("rejects", "--json")).document["open"] == 2
