"""What customers, the shop's staff and its nightly jobs do."""

from __future__ import annotations

from typing import Any

from demo.old import texts, words
from demo.old.dirt import amount, phone, spelled_code, yes_or_no
from demo.old.sample import pick
from demo.traffic.work import Action, Work

KEYS = {
    "tb_category": "cat_cd",
    "tb_product": "prod_no",
    "tb_member": "mem_no",
    "tb_coupon": "cpn_no",
    "tb_order": "order_no",
}


def _view(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_product SET view_cnt = view_cnt + 1 WHERE prod_no = :n",
        n=work.keys.pick(work.rng, "tb_product"),
    )


def _reprice(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_product SET price_txt = :price, sell_st = :st, kw_txt = :tags, upd_dt = :now WHERE prod_no = :n",
        price="가격문의" if work.chance(0.02) else amount(work.rng, (work.number(900) + 9) * 100),
        st=pick(work.rng, "1112"),
        tags=f"#{pick(work.rng, words.TAGS)}, {pick(work.rng, words.TAGS)}",
        now=work.now(),
        n=work.keys.pick(work.rng, "tb_product"),
    )


def _describe(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_product SET detail_html = :html, memo = :memo WHERE prod_no = :n",
        html=texts.html(work.rng, 3),
        memo=work.text(),
        n=work.keys.pick(work.rng, "tb_product"),
    )


def _list(work: Work) -> None:
    number = work.fresh()
    values = {
        "prod_no": number,
        "prod_cd": spelled_code(f"T{work.rng.getrandbits(48):012X}", work.number(1_000)),
        "cat_cd": work.keys.pick(work.rng, "tb_category"),
        "prod_nm": texts.goods_name(work.rng, number),
        "prod_nm_en": pick(work.rng, words.ENGLISH_GOODS),
        "maker_nm": pick(work.rng, words.MAKERS),
        "brand_nm": pick(work.rng, words.BRANDS),
        "origin_cd": pick(work.rng, words.ORIGINS),
        "price_txt": amount(work.rng, (work.number(900) + 9) * 100),
        "cost_amt": None,
        "disc_rate": f"{work.number(14) * 5}.00",
        "tax_yn": yes_or_no(work.rng, 0.9),
        "stock_qty": work.number(500),
        "weight_g": work.number(4_000),
        "sell_st": "5" if work.chance(work.dirt) else "1",
        "disp_yn": "Y",
        "adult_fl": 0,
        "sort_no": work.number(1_000),
        "summary": work.text(),
        "detail_html": texts.html(work.rng, 3),
        "guide_html": None,
        "memo": None,
        **dict.fromkeys(("img_main", "img_list", "img_etc", "kw_txt", "video_url", "sale_bgn_ymd"), ""),
        "sale_end_ymd": "99991231",
        "view_cnt": 0,
        "rating_avg": 0.0,
        "reg_id": "md01",
        "reg_dt": work.now(),
        "upd_dt": work.no_date,
    }
    work.made("tb_product", work.insert("tb_product", values, key="prod_no"))


def _delist(work: Work) -> None:
    """What was ordered of it stays."""
    number = work.keys.pick(work.rng, "tb_product")
    work.run("delete", "DELETE FROM tb_product WHERE prod_no = :n", n=number)
    work.gone("tb_product", number)


def _renumber_product(work: Work) -> None:
    """It gets another article code too: the new schema's codes are unique, and lines refer to the row that has the old one."""
    before, after = work.keys.pick(work.rng, "tb_product"), work.fresh()
    statement = "UPDATE tb_product SET prod_no = :b, prod_cd = :code WHERE prod_no = :a"
    if work.run("key_change", statement, a=before, b=after, code=f"T{work.rng.getrandbits(48):012X}"):
        work.run("update", "UPDATE tb_order_line SET prod_no = :b WHERE prod_no = :a", a=before, b=after)
        work.gone("tb_product", before)
        work.made("tb_product", after)


def _branch(work: Work) -> None:
    code = f"T{work.rng.getrandbits(28):07X}"
    values = {
        "cat_cd": code,
        "up_cat_cd": pick(work.rng, "ABCDEF"),
        "cat_nm": f"{pick(work.rng, words.ADJECTIVES)} {pick(work.rng, words.GOODS)}",
        "cat_lv": 2,
        "sort_no": work.number(900),
        "disp_yn": "Y",
        "banner_img": "",
        "reg_dt": work.now(),
    }
    work.made("tb_category", work.insert("tb_category", values, key="cat_cd"))


def _rename_category(work: Work) -> None:
    """One's own, with what is sorted under it."""
    before = work.keys.own(work.rng, "tb_category")
    after = f"T{work.rng.getrandbits(28):07X}"
    if before and work.run(
        "key_change", "UPDATE tb_category SET cat_cd = :b WHERE cat_cd = :a", a=before, b=after
    ):
        work.run("update", "UPDATE tb_product SET cat_cd = :b WHERE cat_cd = :a", a=before, b=after)
        work.gone("tb_category", before)
        work.made("tb_category", after)


def _drop_category(work: Work) -> None:
    """One's own, which has no branches; its products are left behind."""
    code = work.keys.own(work.rng, "tb_category")
    if code and not work.ask("SELECT count(*) FROM tb_category WHERE up_cat_cd = :c", c=code):
        work.run("delete", "DELETE FROM tb_category WHERE cat_cd = :c", c=code)
        work.gone("tb_category", code)


def _sort(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_category SET sort_no = :sort, disp_yn = :show WHERE cat_cd = :c",
        sort=work.number(900),
        show=yes_or_no(work.rng, 0.9),
        c=work.keys.pick(work.rng, "tb_category"),
    )


def _issue(work: Work) -> None:
    work.made("tb_coupon", work.insert("tb_coupon", _coupon(work), key="cpn_no"))


def _claim(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_coupon SET mem_no = :m WHERE cpn_no = :n",
        m=work.keys.pick(work.rng, "tb_member"),
        n=work.keys.pick(work.rng, "tb_coupon"),
    )


def _redeem(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_coupon SET st = :st, use_dt = :now WHERE cpn_no = :n",
        st="7" if work.chance(work.dirt) else "1",
        now=work.now(),
        n=work.keys.pick(work.rng, "tb_coupon"),
    )


def _issue_many(work: Work) -> None:
    work.insert_many("tb_coupon", [_coupon(work) for _ in range(40 + work.number(120))])


def _expire_many(work: Work) -> None:
    first, last = work.keys.span(work.rng, "tb_coupon", 80 + work.number(200))
    work.run(
        "update",
        "UPDATE tb_coupon SET st = '2' WHERE cpn_no BETWEEN :first AND :last AND st = '0'",
        first=first,
        last=last,
    )


def _delete_many(work: Work) -> None:
    first, last = work.keys.span(work.rng, "tb_coupon", 30 + work.number(80))
    work.run("delete", "DELETE FROM tb_coupon WHERE cpn_no BETWEEN :first AND :last", first=first, last=last)


def _order(work: Work) -> None:
    """The order, its lines, the stock, and the member's points."""
    number, member = f"20231201-{work.rng.getrandbits(40):010X}", work.keys.pick(work.rng, "tb_member")
    first, second = texts.address(work.rng)
    values = {
        "order_no": number,
        "mem_no": member,
        "ord_nm": pick(work.rng, words.SURNAMES) + pick(work.rng, words.GIVEN),
        "ord_email": "",
        "ord_tel": phone(work.rng),
        "rcv_nm": pick(work.rng, words.SURNAMES),
        "zip_cd": texts.postal_code(work.rng),
        "addr1": first,
        "addr2": second,
        "ord_st": "00",
        "pay_tp": pick(work.rng, ("CARD", "Bank ", "")),
        "tot_amt": amount(work.rng, (work.number(300) + 5) * 1_000),
        "dlv_amt": 3_000,
        "pt_use": 0,
        "gift_yn": "N",
        "ord_memo": work.text(),
        "ip": "10.0.0.1",
        "ord_dt": work.now(),
        "pay_dt": work.no_date,
        "dlv_dt": work.no_date,
    }
    work.made("tb_order", work.insert("tb_order", values, key="order_no"))
    for line in range(1, 2 + work.number(3)):
        product = work.keys.pick(work.rng, "tb_product")
        work.insert("tb_order_line", _line(work, number, line, product))
        work.run("update", "UPDATE tb_product SET stock_qty = stock_qty - 1 WHERE prod_no = :n", n=product)
    work.run("update", "UPDATE tb_member SET point_amt = point_amt + 100 WHERE mem_no = :n", n=member)


def _proceed(work: Work) -> None:
    number, now = work.keys.pick(work.rng, "tb_order"), work.now()
    if work.chance(0.5):
        work.run(
            "update",
            "UPDATE tb_order SET ord_st = '10', pay_dt = :now WHERE order_no = :n",
            now=now,
            n=number,
        )
        return
    work.run(
        "update", "UPDATE tb_order SET ord_st = '30', dlv_dt = :now WHERE order_no = :n", now=now, n=number
    )
    work.run("update", "UPDATE tb_order_line SET line_st = '1' WHERE order_no = :n", n=number)


def _cancel_line(work: Work) -> None:
    """The old way: none of the article."""
    work.run(
        "update",
        "UPDATE tb_order_line SET qty = :qty WHERE order_no = :n AND line_no = 1",
        qty=work.number(2),
        n=work.keys.pick(work.rng, "tb_order"),
    )


def _erase_order(work: Work) -> None:
    """With its lines, but for one in ten times."""
    number = work.keys.pick(work.rng, "tb_order")
    if not work.chance(0.1):
        work.run("delete", "DELETE FROM tb_order_line WHERE order_no = :n", n=number)
    work.run("delete", "DELETE FROM tb_order WHERE order_no = :n", n=number)
    work.gone("tb_order", number)


def _renumber_order(work: Work) -> None:
    """Some get another number; those of the mobile shop are only spelled in another case, the same key to some databases."""
    before = work.keys.pick(work.rng, "tb_order")
    mobile = str(before)[:1] in ("m", "M")
    after = str(before).swapcase() if mobile else f"20231202-{work.rng.getrandbits(40):010X}"
    if work.run("key_change", "UPDATE tb_order SET order_no = :b WHERE order_no = :a", a=before, b=after):
        work.run(
            "key_change", "UPDATE tb_order_line SET order_no = :b WHERE order_no = :a", a=before, b=after
        )
        work.gone("tb_order", before)
        work.made("tb_order", after)


def _renumber_lines(work: Work) -> None:
    work.run(
        "key_change",
        "UPDATE tb_order_line SET line_no = line_no + 10 WHERE order_no = :n AND line_no < 60000",
        n=work.keys.pick(work.rng, "tb_order"),
    )


def _join(work: Work) -> None:
    mark = f"{work.rng.getrandbits(48):012x}"
    first, second = texts.address(work.rng)
    values = {
        "mem_id": f"u{mark}",
        "passwd": mark,
        "mem_nm": pick(work.rng, words.SURNAMES) + pick(work.rng, words.GIVEN),
        "email": f"s.{mark}@traffic.example",
        "tel": phone(work.rng),
        "birth_ymd": "",
        "sex_cd": pick(work.rng, ("1", "2", "")),
        "zip_cd": texts.postal_code(work.rng),
        "addr1": first,
        "addr2": second or None,
        "grade_cd": "G0",
        "point_amt": 0,
        "sms_yn": "N",
        "mail_yn": yes_or_no(work.rng, 0.4),
        "mem_st": "0",
        "dup_of_no": 0,
        "memo": None,
        "join_dt": work.now(),
        "last_dt": work.no_date,
    }
    work.made("tb_member", work.insert("tb_member", values, key="mem_no"))


def _visit(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_member SET last_dt = :now, point_amt = point_amt + :p WHERE mem_no = :n",
        now=work.now(),
        p=work.number(60) - 20,
        n=work.keys.pick(work.rng, "tb_member"),
    )


def _grade(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_member SET grade_cd = :g, memo = :memo WHERE mem_no = :n",
        g=spelled_code(pick(work.rng, ("G0", "G1", "G2", "VI")), work.number(1_000)),
        memo=work.text(),
        n=work.keys.pick(work.rng, "tb_member"),
    )


def _withdraw(work: Work) -> None:
    """Only who came with this traffic: others take part in studies, which nobody told of it."""
    number = work.keys.own(work.rng, "tb_member") or 0
    if work.chance(0.7):
        work.run("update", "UPDATE tb_member SET mem_st = '9' WHERE mem_no = :n", n=number)
        return
    work.run("delete", "DELETE FROM tb_member WHERE mem_no = :n", n=number)
    work.gone("tb_member", number)


def _readdress(work: Work) -> None:
    work.run(
        "update",
        "UPDATE tb_member SET email = :email WHERE mem_no = :n",
        email=f"r.{work.rng.getrandbits(48):012x}@traffic.example",
        n=work.keys.own(work.rng, "tb_member") or 0,
    )


def _renumber_member(work: Work) -> None:
    before, after = work.keys.own(work.rng, "tb_member") or 0, work.fresh()
    if work.run("key_change", "UPDATE tb_member SET mem_no = :b WHERE mem_no = :a", a=before, b=after):
        for table in ("tb_coupon", "tb_order"):
            work.run("update", f"UPDATE {table} SET mem_no = :b WHERE mem_no = :a", a=before, b=after)
        work.gone("tb_member", before)
        work.made("tb_member", after)


def _coupon(work: Work) -> dict[str, Any]:
    return {
        "cpn_cd": spelled_code(f"TRF-{work.rng.getrandbits(56):014X}", work.number(1_000)),
        "mem_no": 0 if work.chance(0.1) else work.keys.pick(work.rng, "tb_member"),
        "cpn_nm": "주말 깜짝 할인",
        "cpn_tp": pick(work.rng, ("rate", "amount")),
        "disc_val": pick(work.rng, ("10%", "3,000", "3000원", "15")),
        "st": "0",
        "issue_dt": work.now(),
        "use_dt": work.no_date,
        "exp_ymd": pick(work.rng, ("99991231", work.today())),
        "memo": work.text()[:200] if work.chance(0.2) else "",
    }


def _line(work: Work, order: str, line: int, product: int) -> dict[str, Any]:
    won = (work.number(90) + 5) * 1_000
    return {
        "order_no": order,
        "line_no": line,
        "prod_no": product,
        "prod_nm": texts.goods_name(work.rng, int(product)),
        "opt_txt": f"색상={pick(work.rng, words.COLOURS)}",
        "qty": 1 + work.number(3),
        "unit_amt": amount(work.rng, won),
        "line_amt": f"{won}.00",
        "line_st": "0",
        "img_url": "",
    }


ACTIONS = (
    Action("view a product", 16, _view),
    Action("change a price", 4, _reprice),
    Action("describe a product", 2, _describe),
    Action("list a product", 2, _list),
    Action("delist a product", 0.7, _delist),
    Action("renumber a product", 0.3, _renumber_product),
    Action("add a category", 0.3, _branch),
    Action("rename a category", 0.2, _rename_category),
    Action("drop a category", 0.1, _drop_category),
    Action("sort categories", 0.5, _sort),
    Action("issue a coupon", 12, _issue),
    Action("claim a coupon", 10, _claim),
    Action("redeem a coupon", 10, _redeem),
    Action("issue many coupons", 0.15, _issue_many),
    Action("expire many coupons", 0.15, _expire_many),
    Action("delete many coupons", 0.2, _delete_many),
    Action("order", 8, _order),
    Action("pay or deliver", 12, _proceed),
    Action("cancel a line", 2, _cancel_line),
    Action("erase an order", 2, _erase_order),
    Action("renumber an order", 1, _renumber_order),
    Action("renumber lines", 0.5, _renumber_lines),
    Action("join", 4, _join),
    Action("visit", 8, _visit),
    Action("grade a member", 3, _grade),
    Action("withdraw", 1, _withdraw),
    Action("change an address", 1, _readdress),
    Action("renumber a member", 0.5, _renumber_member),
)
