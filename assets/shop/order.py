"""`orders`, under their old numbers, and `order_line`, whose key has two columns."""

from sqlalchemy import case, func

from assets.old_spellings import blank, no_date, trimmed, yes
from assets.shop.old_shop import (
    KOREA,
    WITHDRAWN,
    address,
    digits,
    member,
    order,
    order_line,
    product,
    surviving_account,
    won,
)
from changeover.mapping import Computed, Mapping, join, left_join, lookup, utc, value_map

orders = Mapping(
    target="orders",
    root=order,
    description="All orders: the law wants them kept, but without the person who withdrew. The IP address"
    " stays behind.",
    joins=(left_join(member, member.mem_no == order.mem_no),),
    columns={
        "member_id": lookup("member", case((member.mem_st == WITHDRAWN, None), else_=surviving_account())),
        "buyer_name": trimmed(order.ord_nm),
        "buyer_email": blank(func.lower(trimmed(order.ord_email))),
        "buyer_phone": digits(order.ord_tel),
        "recipient_name": trimmed(order.rcv_nm),
        "postal_code": digits(order.zip_cd),
        "address": address(order.addr1, order.addr2),
        "status": value_map(
            order.ord_st,
            {"00": "placed", "10": "paid", "20": "shipped", "30": "delivered", "90": "cancelled"},
        ),
        "payment_method": blank(func.lower(trimmed(order.pay_tp))),
        "total_amount": won(order.tot_amt),
        "delivery_fee": order.dlv_amt,
        "points_used": order.pt_use,
        "is_gift": yes(order.gift_yn),
        "memo": blank(order.ord_memo),
        "ordered_at": utc(order.ord_dt, KOREA),
        "paid_at": utc(no_date(order.pay_dt), KOREA),
        "delivered_at": utc(no_date(order.dlv_dt), KOREA),
    },
)

lines = Mapping(
    target="order_line",
    root=order_line,
    ids=Computed(),
    description="What was ordered. Lines of orders that were erased and cancelled lines (none of the "
    "article) are left behind; a line outlives its product.",
    joins=(
        join(order, order.order_no == order_line.order_no),
        left_join(product, product.prod_no == order_line.prod_no),
    ),
    where=order_line.qty > 0,
    rows_per_range=10_000,
    columns={
        "order_no": lookup("orders", order_line.order_no),
        "line_no": order_line.line_no,
        "product_id": lookup("product", product.prod_no),
        "product_name": trimmed(order_line.prod_nm),
        "option_text": blank(order_line.opt_txt),
        "quantity": order_line.qty,
        "unit_price": won(order_line.unit_amt),
        "amount": order_line.line_amt,
        "status": value_map(order_line.line_st, {"0": "ordered", "1": "shipped", "2": "returned"}),
        "image_url": blank(order_line.img_url),
    },
)
