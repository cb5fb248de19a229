"""What a person sees, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ui.browser import page, reads, says
from tests.ui.live import Live

pytestmark = pytest.mark.timeout(900)

FIRST, SECOND = "0000000000-0000000010", "0000000011-0000000020"


@pytest.fixture(scope="module")
def products(live: Live) -> Live:
    """Categories and products are copied; two products of the second range are rejected, a third drifted."""
    sample = live.sample
    sample.execute("shop", "UPDATE tb_product SET price = 'twelve' WHERE prod_no IN (12, 13)")
    for table in ("category", "product"):
        assert live.ended(live.launch_ranges(table, live.keys(table))) == "SUCCESS"
    sample.execute("new", "UPDATE product SET name = 'drifted' WHERE id = 15")
    assert live.run_job("verify_tables") == "SUCCESS"
    return live


@pytest.fixture(scope="module")
def ui(products: Live) -> Iterator[Page]:
    with page(products.server.url) as found:
        yield found


def test_tables_are_grouped_by_domain_and_old_database(ui: Page) -> None:
    ui.goto("/asset-groups", wait_until="commit")
    reads(ui, "shop", "study", "old_shop", "old_community", "old_study")


def test_the_graph_of_a_domain_leads_from_old_tables_to_new_ones(ui: Page) -> None:
    ui.goto("/locations/changeover/asset-groups/shop", wait_until="commit")
    reads(
        ui, "category", "product", "member", "coupon", "tb_category", "tb_product", "tb_member", "tb_coupon"
    )
    reads(ui, "6 partitions", "100% filled")


def test_partitions_are_named_by_their_keys_and_carry_numbers(ui: Page) -> None:
    ui.goto(f"/assets/new/product?view=partitions&partition={SECOND}", wait_until="commit")
    reads(ui, FIRST, SECOND, "Materialized")
    for name, number in {
        "rows_read": "10",
        "inserted": "8",
        "rejected": "2",
        "keys_above": "10",
        "keys_up_to": "20",
    }.items():
        row = ui.get_by_role("row").filter(has=ui.get_by_text(name, exact=True))
        assert row.first.inner_text().split() == [name, number]


def test_a_failed_check_says_which_rows_and_why(ui: Page) -> None:
    ui.goto("/assets/new/product/?view=checks&checkDetail=no_rejects", wait_until="commit")
    reads(ui, "no_rejects", "rows_accounted_for", "same_as_old")
    says(ui, "2 rows of the table are rejected, in 1 partition")
    reads(ui, SECOND)
    reads(ui, "price", "12", "13")


def test_one_check_says_whether_the_table_is_the_same_as_the_old_one(ui: Page) -> None:
    ui.goto("/assets/new/product?view=checks&checkDetail=same_as_old", wait_until="commit")
    says(ui, "1 row differs from its old one (1 different)")
    says(ui, "2 rows are rejected, and not in the new table")


def test_columns_say_where_they_come_from(ui: Page) -> None:
    ui.goto("/assets/new/product", wait_until="commit")
    reads(
        ui, "What the shop sells.", "from shop.tb_product.nm", "key of category, by shop.tb_product.cate_cd"
    )


def test_resources_show_the_names_of_variables_and_no_values(ui: Page, products: Live) -> None:
    ui.goto("/locations/changeover/resources/old_shop", wait_until="commit")
    # As a value: in quotes.
    expect(ui.get_by_text("CHANGEOVER_OLD_SHOP_URL").filter(visible=True).first).to_be_visible()
    assert str(products.sample.folder) not in ui.content()
