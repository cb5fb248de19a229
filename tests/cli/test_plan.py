"""`changeover plan`."""

from __future__ import annotations


def test_every_table_is_cut_into_ranges_parents_first(shop):
    one = shop(products=2500)
    one.run("upgrade")
    ended = one.run("plan", "--json")
    assert ended.code == 0, ended
    tables = ended.document["tables"]
    assert [(t["root"], t["targets"], t["added"], t["rows"]) for t in tables] == [
        ("shop.tb_category", ["category"], 1, 5),
        ("shop.tb_product", ["product"], 3, 2500),
    ]


def test_planning_again_adds_nothing_and_later_rows_get_ranges_at_the_end(shop):
    one = shop(products=1000)
    one.run("upgrade")
    first = one.run("plan", "product", "--json").document["tables"][0]
    assert (first["added"], first["ranges"]) == (1, 1)
    assert one.run("plan", "product", "--json").document["tables"][0]["added"] == 0
    one.execute("INSERT INTO tb_product VALUES (1001, 'late', 'C1', '1', 1)")
    more = one.run("plan", "product", "--json").document["tables"][0]
    assert (more["added"], more["ranges"], more["first"]) == (1, 2, first["first"])


def test_a_tail_that_fills_no_range_can_be_left_out(shop):
    one = shop(products=1500)
    one.run("upgrade")
    table = one.run("plan", "product", "--full-only", "--json").document["tables"][0]
    assert (table["added"], table["rows"]) == (1, 1000)


def test_the_size_of_ranges_can_be_chosen(shop):
    one = shop(products=1000)
    one.run("upgrade")
    assert one.run("plan", "product", "--rows", "100", "--json").document["tables"][0]["added"] == 10


def test_a_table_can_be_named_by_target_root_mapping_or_domain(shop):
    one = shop()
    one.run("upgrade")
    for words in (["product"], ["shop.tb_product"], ["--table", "shop.tb_product.product"]):
        document = one.run("plan", *words, "--json").document
        assert [t["root"] for t in document["tables"]] == ["shop.tb_product"], words
    assert len(one.run("plan", "shop", "--json").document["tables"]) == 2
    assert len(one.run("plan", "product", "-t", "category", "--json").document["tables"]) == 2


def test_without_json_a_person_sees_what_was_added(shop):
    one = shop(products=2500)
    one.run("upgrade")
    ended = one.run("plan")
    assert ended.code == 0
    line = next(line for line in ended.out.splitlines() if line.startswith("shop.tb_product"))
    assert line.split()[1:5] == ["product", "+3", "3", "2,500"]


def test_an_unknown_table_is_a_usage_error_that_names_the_tables(shop):
    one = shop()
    one.run("upgrade")
    ended = one.run("plan", "prodcut")
    assert ended.code == 2
    assert "'prodcut'" in ended.err
    assert "category, product" in ended.err


def test_without_a_ledger_the_message_says_how_to_get_one(shop):
    one = shop()
    ended = one.run("plan", "--json")
    assert ended.code == 2
    assert "changeover upgrade" in ended.err
    assert ended.document["error"]["kind"] == "LedgerMissing"


def test_a_table_without_a_key_is_refused_by_name(shop):
    one = shop()
    one.run("upgrade")
    one.execute("DROP TABLE tb_product")
    one.execute(
        "CREATE TABLE tb_product (goods_no INTEGER, goods_nm TEXT, cate_cd TEXT, state TEXT, price INTEGER)"
    )
    ended = one.run("plan", "product")
    assert ended.code == 2
    assert "shop.tb_product" in ended.err
    assert "unique" in ended.err
