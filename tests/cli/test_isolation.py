"""What is wrong with one mapping, or one old database, keeps nobody from working with the others."""

from __future__ import annotations

import pytest

from tests.cli.shop import MAPPINGS

# A table of another old database that is looked up by nobody.
LAB = (
    MAPPINGS
    + """
from changeover.mapping import constant

probe = old("lab", "probe")
probes = Mapping("probe", probe, {"name": probe.name})
"""
)
# A column of a target that isn't there.
BROKEN = MAPPINGS.replace('"price": product.price', '"prize": product.price')


@pytest.fixture(params=["unset", "unreachable", "not a database", "an option nobody takes"])
def away(shop, monkeypatch, request):
    """A shop whose mappings also name the old database "lab", which is down."""
    one = shop()
    one.write_mappings(LAB)
    urls = {
        "unreachable": "mysql+pymysql://me:s3cr3t-word@127.0.0.1:1/lab",
        "not a database": "sqlite:////proc/nothing/lab.db",
        "an option nobody takes": "mysql+pymysql://me:s3cr3t-word@127.0.0.1:1/lab?nosuchopt=1",
    }
    if request.param in urls:
        monkeypatch.setenv("CHANGEOVER_OLD_LAB_URL", urls[request.param])
    one.run("upgrade")
    return one


def test_a_table_is_planned_copied_and_looked_at_while_another_old_database_is_down(away):
    away.soil(7)
    assert away.run("plan", "product").code == 0
    assert away.run("backfill", "product", "category").code == 1
    assert away.scalar("SELECT COUNT(*) FROM product") == 99
    listed = away.run("rejects", "--json")
    assert [r["key"] for r in listed.document["rejects"]] == ["7"]
    assert len(away.run("rejects", "export").out.splitlines()) == 1
    away.execute("UPDATE tb_product SET state = '1'")
    assert away.run("rejects", "retry", "product").code == 0
    ended = away.run("status", "--json")
    assert ended.code == 0, ended
    assert {t["root"]: t["state"] for t in ended.document["tables"]} == {
        "shop.tb_category": "done",
        "shop.tb_product": "done",
        "lab.probe": "not planned",
    }


def test_what_needs_the_database_that_is_down_says_so(away):
    for words in (["plan"], ["backfill", "probe"], ["rejects", "retry"]):
        ended = away.run(*words)
        assert ended.code == 2, words
        assert "CHANGEOVER_OLD_LAB_URL" in ended.err
        assert "s3cr3t" not in ended.err
        assert "Traceback" not in ended.err


def test_whether_a_mapping_changed_is_unknown_while_its_old_database_is_down(shop, monkeypatch):
    one = shop()
    one.run("upgrade")
    one.run("backfill")
    assert one.run("status").code == 0
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "mysql+pymysql://me:s3cr3t-word@127.0.0.1:1/shop")
    ended = one.run("status", "--json")
    assert ended.code == 1, "nobody knows that it is done"
    assert {(t["state"], t["ranges_stale"]) for t in ended.document["tables"]} == {("unknown", 0)}
    assert all("can't be reached" in t["unknown"] for t in ended.document["tables"])
    shown = one.run("status")
    assert "whether its mapping changed since rows were copied can't be told" in shown.out
    assert "s3cr3t" not in shown.out + str(ended.document)
    assert one.run("status", "product", "--ranges").code == 0


def test_a_mapping_that_does_not_fit_keeps_only_itself_from_moving(shop):
    one = shop()
    one.run("upgrade")
    one.end(one.start("backfill"))
    one.write_mappings(BROKEN)
    assert one.run("plan", "category").code == 0
    assert one.run("backfill", "category", "--again").code == 0
    refused = one.run("plan", "product")
    assert refused.code == 2
    assert "prize" in refused.err
    ended = one.run("status", "--json")
    assert ended.code == 1
    states = {t["root"]: (t["state"], t["unknown"] or "") for t in ended.document["tables"]}
    assert states["shop.tb_category"] == ("done", "")
    assert states["shop.tb_product"][0] == "unknown"
    assert "prize" in states["shop.tb_product"][1]


def test_looking_writes_nothing(shop):
    one = shop()
    one.run("upgrade")
    for words in (["status"], ["rejects"], ["rejects", "export"]):
        assert one.run(*words).code == 0
    assert one.scalar("SELECT COUNT(*) FROM changeover_mapping") == 0


def test_what_was_copied_by_itself_is_not_stale_among_all(shop):
    one = shop()
    # A foreign key that is no lookup: among all tables, the label comes after the note; by themselves, before.
    one.write_mappings(
        MAPPINGS[: MAPPINGS.index("products = ")]
        + """
from sqlalchemy import func

labels = Mapping("a_label", product, {"category_id": func.abs(product.goods_no - product.goods_no) + 1})
notes = Mapping("note", product, {"text": product.goods_nm})
"""
    )
    one.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text VARCHAR(100) NOT NULL)", new=True)
    one.execute(
        "CREATE TABLE a_label (id INTEGER PRIMARY KEY, category_id INT NOT NULL REFERENCES category)",
        new=True,
    )
    one.run("upgrade")
    assert one.run("backfill", "category").code == 0
    assert one.run("backfill", "note", "--unchecked").code == 0
    again = one.run("backfill", "--unchecked", "--json")
    assert [t["run"]["rows_read"] for t in again.document["tables"]] == [0, 0]
    assert one.run("status").code == 0
