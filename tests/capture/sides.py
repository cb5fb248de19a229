"""Old and new side by side, without the engine: plain queries, and what the mappings mean in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from changeover.project import Project

Row = tuple[Any, ...]
Rows = Counter[Row]


def differences(project: Project) -> dict[str, tuple[list[Row], list[Row]]]:
    """By new table, rows that only the old side has, and rows that only the new side has; equal tables are left out."""
    found: dict[str, tuple[list[Row], list[Row]]] = {}
    for table, (wanted, there) in sides(project).items():
        missing, extra = list((wanted - there).elements()), list((there - wanted).elements())
        if missing or extra:
            found[table] = (missing, extra)
    return found


def sides(project: Project) -> dict[str, tuple[Rows, Rows]]:
    """What the new tables should hold, and what they hold."""
    old = {name: _Reader(schema.engine) for name, schema in project.old.items()}
    new = _Reader(project.new.engine)
    owners = _Owners(old["shop"], old["community"])
    return {
        "member": (
            owners.people(),
            new.rows("SELECT email, name, nickname, point_balance, reputation FROM member"),
        ),
        **_shop(old["shop"], new, owners),
        **_community(old["community"], new, owners),
        **_study(old["study"], new),
    }


class _Reader:
    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def all(self, query: str) -> list[Row]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def rows(self, query: str, of: Callable[[Row], Row] = lambda row: row) -> Rows:
        return Counter(tuple(map(plain, of(row))) for row in self.all(query))


class _Owners:
    """Whom an old number means, by e-mail address; None for nobody."""

    def __init__(self, shop: _Reader, community: _Reader) -> None:
        self._shop = {
            no: (
                email.strip(" ").lower() or f"shop-{no}@no-email.invalid",
                state == "9",
                dup,
                name.strip(" "),
                pt,
            )
            for no, email, state, dup, name, pt in shop.all(
                "SELECT mem_no, email, mem_st, dup_of_no, mem_nm, point_amt FROM tb_member"
            )
        }
        self._community = {
            uid: (email.strip(" ").lower() or f"community-{uid}@no-email.invalid", nick.strip(" "), pt)
            for uid, email, nick, pt in community.all(
                "SELECT uid, email_addr, nick, pt FROM cm_member WHERE left_ymd = ''"
            )
        }

    def people(self) -> Rows:
        found: dict[str, list[Any]] = {}
        for email, left, dup, name, points in self._shop.values():
            if not left and not dup:
                found[email] = [name, None, max(0, points), 0]
        for email, nick, points in self._community.values():
            person = found.setdefault(email, [None, None, 0, 0])
            person[1], person[3] = nick, points
        return Counter(tuple(map(plain, (email, *rest))) for email, rest in found.items())

    def known(self, number: int) -> bool:
        """The account is there, and wasn't withdrawn."""
        return number in self._shop and not self._shop[number][1]

    def shop(self, number: int) -> str | None:
        if not self.known(number):
            return None
        return self._shop[self._shop[number][2] or number][0]

    def community(self, uid: int) -> str | None:
        return self._community[uid][0] if uid in self._community else None


STATES = {"0": "issued", "1": "used", "2": "expired", "9": "revoked"}
STEPS = {"00": "placed", "10": "paid", "20": "shipped", "30": "delivered", "90": "cancelled"}
LINES = {"0": "ordered", "1": "shipped", "2": "returned"}


def _shop(old: _Reader, new: _Reader, owners: _Owners) -> dict[str, tuple[Rows, Rows]]:
    coupons = "SELECT cpn_no, cpn_cd, mem_no, cpn_nm, st, issue_dt, use_dt, memo FROM tb_coupon"
    wanted = Counter(
        tuple(
            map(
                plain,
                (
                    no,
                    code.strip(" ").upper(),
                    owners.shop(m),
                    name,
                    STATES[st],
                    utc(at, 9),
                    utc(used, 9),
                    memo or None,
                ),
            )
        )
        for no, code, m, name, st, at, used, memo in old.all(coupons)
        if m == 0 or owners.known(m)
    )
    orders = "SELECT order_no, mem_no, ord_nm, ord_st, tot_amt, pt_use, ord_memo, ord_dt, pay_dt, dlv_dt FROM tb_order"
    lines = (
        "SELECT l.order_no, l.line_no, p.prod_no, l.prod_nm, l.qty, l.unit_amt, l.line_amt, l.line_st FROM tb_order_line l "
        "JOIN tb_order o ON o.order_no = l.order_no LEFT JOIN tb_product p ON p.prod_no = l.prod_no WHERE l.qty > 0"
    )
    products = "SELECT prod_no, prod_cd, prod_nm, price_txt, stock_qty, view_cnt, sort_no, memo, detail_html FROM tb_product"
    return {
        "coupon": (
            wanted,
            new.rows(
                "SELECT c.id, c.code, m.email, c.name, c.status, c.issued_at, c.used_at, c.memo FROM coupon c "
                "LEFT JOIN member m ON m.id = c.member_id"
            ),
        ),
        "orders": (
            old.rows(
                orders,
                lambda r: (
                    (
                        r[0],
                        owners.shop(r[1]),
                        r[2].strip(" "),
                        STEPS[r[3]],
                        won(r[4]),
                        r[5],
                        r[6] or None,
                        *tuple(utc(moment, 9) for moment in r[7:]),
                    )
                ),
            ),
            new.rows(
                "SELECT o.order_no, m.email, o.buyer_name, o.status, o.total_amount, o.points_used, o.memo, o.ordered_at, "
                "o.paid_at, o.delivered_at FROM orders o LEFT JOIN member m ON m.id = o.member_id"
            ),
        ),
        "order_line": (
            old.rows(lines, lambda r: (*r[:3], r[3].strip(" "), r[4], won(r[5]), r[6], LINES[r[7]])),
            new.rows(
                "SELECT order_no, line_no, product_id, product_name, quantity, unit_price, amount, status FROM order_line"
            ),
        ),
        "product": (
            old.rows(
                products,
                lambda r: (
                    (
                        r[0],
                        r[1].strip(" ").upper() or None,
                        r[2].strip(" "),
                        won(r[3]),
                        max(0, r[4]),
                        r[5],
                        r[6],
                        r[7] or None,
                        r[8],
                    )
                ),
            ),
            new.rows(
                "SELECT p.id, p.sku, p.name, p.price, p.stock, p.view_count, p.sort_order, d.note, d.description_html "
                "FROM product p LEFT JOIN product_detail d ON d.product_id = p.id"
            ),
        ),
        "category": (
            old.rows(
                "SELECT cat_cd, cat_nm, sort_no FROM tb_category",
                lambda r: (r[0].strip(" ").upper(), r[1].strip(" "), r[2]),
            ),
            new.rows("SELECT code, name, sort_order FROM category"),
        ),
    }


def _community(old: _Reader, new: _Reader, owners: _Owners) -> dict[str, tuple[Rows, Rows]]:
    posts = (
        "SELECT post_no, uid, writer, board_cd, hit, good, bad, secret_fl, cont, wr_dt, up_dt FROM cm_post"
    )
    comments = (
        "SELECT c.cmt_no, c.post_no, a.cmt_no, c.uid, c.writer, c.cont, c.good, c.wr_dt, c.up_dt FROM cm_comment c "
        "JOIN cm_post p ON p.post_no = c.post_no LEFT JOIN cm_comment a ON a.cmt_no = c.p_cmt_no AND a.post_no = c.post_no"
    )
    return {
        "post": (
            old.rows(
                posts,
                lambda r: (
                    (
                        r[0],
                        owners.community(r[1]),
                        r[2].strip(" "),
                        r[3].strip(" ").lower(),
                        *r[4:7],
                        bool(r[7]),
                        r[8],
                        utc(r[9], 0),
                        utc(r[10], 0),
                    )
                ),
            ),
            new.rows(
                "SELECT p.id, m.email, p.author_name, p.board, p.view_count, p.like_count, p.dislike_count, p.is_secret, p.body, "
                "p.created_at, p.updated_at FROM post p LEFT JOIN member m ON m.id = p.author_id",
                lambda r: (*r[:7], bool(r[7]), *r[8:]),
            ),
        ),
        "comment": (
            old.rows(
                comments,
                lambda r: (
                    *r[:3],
                    owners.community(r[3]),
                    r[4].strip(" "),
                    r[5],
                    r[6],
                    utc(r[7], 0),
                    utc(r[8], 0),
                ),
            ),
            new.rows(
                "SELECT c.id, c.post_id, c.parent_id, m.email, c.author_name, c.body, c.like_count, c.created_at, c.updated_at "
                "FROM comment c LEFT JOIN member m ON m.id = c.author_id"
            ),
        ),
    }


def _study(old: _Reader, new: _Reader) -> dict[str, tuple[Rows, Rows]]:
    states = {"0": "planned", "1": "running", "2": "finished"}
    people = "FROM pomodoro_participant p JOIN pomodoro_study s ON s.study_no = p.study_no"
    return {
        "study": (
            old.rows(
                "SELECT title, st, focus_min, max_cnt, reg_dt FROM pomodoro_study",
                lambda r: (r[0].strip(" "), states[r[1]], r[2], r[3] or None, utc(r[4], 0)),
            ),
            new.rows("SELECT title, status, focus_minutes, capacity, created_at FROM study"),
        ),
        "participation": (
            old.rows(
                f"SELECT s.title, p.user_email, p.nick, p.role_cd, p.join_dt, p.out_dt {people}",
                lambda r: (
                    (
                        r[0].strip(" "),
                        r[1].strip(" ").lower() or None,
                        r[2].strip(" "),
                        {"L": "leader", "M": "member"}[r[3].strip(" ").upper()],
                        utc(r[4], 0),
                        utc(r[5], 0),
                    )
                ),
            ),
            new.rows(
                "SELECT s.title, m.email, p.nickname, p.role, p.joined_at, p.left_at FROM participation p "
                "JOIN study s ON s.id = p.study_id LEFT JOIN member m ON m.id = p.member_id"
            ),
        ),
        "focus_session": (
            old.rows(
                f"SELECT s.title, p.nick, r.rec_ymd, r.bgn_hms, r.focus_sec, r.done_yn, r.note {people} "
                "JOIN pomodoro_record r ON r.part_no = p.part_no",
                lambda r: (
                    (
                        r[0].strip(" "),
                        r[1].strip(" "),
                        _moment(r[2], r[3]),
                        max(0, r[4]),
                        r[5].upper() == "Y",
                        r[6] or None,
                    )
                ),
            ),
            new.rows(
                "SELECT s.title, p.nickname, f.started_at, f.duration_seconds, f.is_completed, f.note FROM focus_session f "
                "JOIN participation p ON p.id = f.participation_id JOIN study s ON s.id = p.study_id",
                lambda r: (*r[:4], bool(r[4]), r[5]),
            ),
        ),
    }


def plain(value: Any) -> Any:
    """A value in one spelling: numbers as decimals, instants as naive UTC."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return Decimal(str(value)).normalize()
    if isinstance(value, datetime):
        return (value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value).isoformat(" ")
    return value


def utc(wall: Any, hours: int) -> str | None:
    """What a clock ``hours`` ahead of UTC shows, in UTC; None for no date."""
    text = str(wall)
    if text < "1000":
        return None
    return (datetime.fromisoformat(text) - timedelta(hours=hours)).isoformat(" ")


def won(text: str) -> Decimal | None:
    """An amount as it was typed."""
    return None if text == "가격문의" else Decimal(text.replace(",", "").replace("원", "").strip(" "))


def _moment(day: str, clock: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}:{clock[4:]}"


def shown(found: dict[str, tuple[list[Row], list[Row]]], most: int = 3) -> Iterable[str]:
    """For a message."""
    for table, (missing, extra) in found.items():
        yield f"{table}: {len(missing)} only old, {len(extra)} only new"
        yield from (f"  only old {row}" for row in missing[:most])
        yield from (f"  only new {row}" for row in extra[:most])
