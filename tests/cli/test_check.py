"""`changeover check`, from a terminal and from a program."""

from __future__ import annotations

import pytest

from tests.cli.shop import MAPPINGS


@pytest.mark.parametrize(
    ("old", "new"), [("sqlite", "sqlite"), ("mariadb", "postgres"), ("postgres", "mariadb")]
)
def test_right_mappings_are_found_right_before_there_is_a_ledger(shop, old, new):
    one = shop(old=old, new=new)
    ended = one.run("check", "--json")
    assert ended.code == 0, ended
    assert (ended.document["ok"], ended.document["errors"]) == (True, 0)
    assert ended.document["mappings"] == ["shop.tb_category.category", "shop.tb_product.product"]


def test_every_error_is_shown_with_its_place_and_what_to_do(shop):
    one = shop()
    one.write_mappings(
        MAPPINGS.replace("product.price", "product.prize").replace('"name": cat', '"nmae": cat')
    )
    ended = one.run("check", "--json")
    assert ended.code == 1
    errors = {(f["mapping"], f["column"]): f for f in ended.document["findings"] if f["severity"] == "error"}
    assert ("shop.tb_category.category", "nmae") in errors
    assert any("prize" in f["message"] + str(f["column"]) for f in errors.values())
    assert all(f["remedy"] for f in errors.values())
    shown = one.run("check")
    assert shown.code == 1
    assert "mapping shop.tb_category.category" in shown.out
    assert "nmae" in shown.out
    assert "→" in shown.out


def test_only_the_selected_mappings_are_reported(shop):
    one = shop()
    one.write_mappings(MAPPINGS.replace("product.price", "product.prize"))
    assert one.run("check", "category").code == 0
    assert one.run("check", "product").code == 1


def test_the_databases_of_other_mappings_need_not_be_there(shop):
    one = shop()
    one.write_mappings(
        MAPPINGS
        + '\nposts = Mapping("post", old("community", "posts"), {"body": old("community", "posts").body})\n'
    )
    assert one.run("check", "product").code == 0
    missing = one.run("check")
    assert missing.code == 2
    assert "CHANGEOVER_OLD_COMMUNITY_URL" in missing.err


def test_a_mapping_that_contradicts_itself_is_a_finding_with_file_and_line(shop):
    one = shop()
    file = one.write_mappings(MAPPINGS.replace("rows_per_range=1000", "rows_per_range=0"))
    line = MAPPINGS[: MAPPINGS.index("products = Mapping")].count("\n") + 1
    ended = one.run("check", "--json")
    assert ended.code == 1
    (finding,) = ended.document["findings"]
    assert f"{file.relative_to(one.folder)}:{line}" in finding["message"]
    assert "rows_per_range" in finding["message"]


def test_warnings_alone_are_shown_and_exit_with_0(shop):
    one = shop()
    one.run("upgrade")
    one.execute("ALTER TABLE product ADD COLUMN note VARCHAR(10) DEFAULT 'new'", new=True)
    ended = one.run("check", "--json")
    assert [(f["severity"], f["column"]) for f in ended.document["findings"]] == [("warning", "note")]
    assert ended.code == 0
    assert "0 errors, 1 warning; 1 of 2 mappings without any" in one.run("check").out


def test_nothing_is_written_to_the_new_database(shop):
    one = shop()
    one.run("check")
    assert one.scalar("SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'changeover%'") == 0


@pytest.mark.parametrize("command", [["plan"], ["backfill"], ["backfill", "product"]])
def test_nothing_begins_while_the_check_finds_errors_unless_told_so(shop, command):
    one = shop()
    one.run("upgrade")
    one.write_mappings(MAPPINGS.replace("product.price", "category.cate_no"))
    ended = one.run(*command, "--json")
    assert ended.code == 2
    message = ended.document["error"]["message"]
    assert "`changeover check` finds" in message
    assert "[stray-old-table] mapping shop.tb_product.product, table" in message
    assert one.scalar("SELECT COUNT(*) FROM changeover_range") == 0
    assert "--unchecked" in message


def test_errors_of_other_tables_keep_no_table_from_beginning(shop):
    one = shop()
    one.run("upgrade")
    one.execute("DROP TABLE product", new=True)
    assert one.run("plan", "category").code == 0
    assert one.run("plan", "product").code == 2
    one = shop()
    one.run("upgrade")
    one.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)", new=True)
    one.execute("ALTER TABLE category ADD COLUMN group_id INTEGER REFERENCES other (id)", new=True)
    wrong = MAPPINGS.replace(
        '"name": category.cate_nm', '"name": category.cate_nm, "group_id": category.cate_no'
    )
    one.write_mappings(wrong)
    assert one.run("backfill", "category").code == 2
    assert one.run("plan", "product").code == 0
    assert one.run("backfill", "category", "--unchecked").code == 1
    assert one.scalar("SELECT COUNT(*) FROM changeover_range") == 2


def test_the_state_of_the_ledger_is_reported(shop):
    one = shop()
    absent = one.run("check", "--json")
    assert (absent.code, [f["rule"] for f in absent.document["findings"]]) == (0, ["ledger-absent"])
    assert "changeover upgrade" in absent.document["findings"][0]["remedy"]
    one.run("upgrade")
    assert one.run("check", "--json").document["findings"] == []
    one.execute("UPDATE changeover_version SET version_num = 'ledger_9999'", new=True)
    newer = one.run("check", "--json")
    assert (newer.code, [f["rule"] for f in newer.document["findings"]]) == (1, ["ledger-unusable"])
    assert "install the newer" in newer.document["findings"][0]["remedy"]
    one.execute("DELETE FROM changeover_version", new=True)
    unfinished = one.run("check")
    assert unfinished.code == 1
    assert "was interrupted" in unfinished.out
