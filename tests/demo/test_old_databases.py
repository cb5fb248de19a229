"""The sample databases: the same rows on every database, with the dirt they are made for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
import sqlalchemy as sa

from demo.old import DOMAINS, TablesExist, build
from demo.old.build import DEFINED, sample_for
from demo.old.people import Account, community_account, email_of, shop_account
from demo.old.sample import Sample

SCALE = 0.05
NUMBER = re.compile(r"-?\d+(\.\d+)?")
Built = dict[str, sa.Engine]


@pytest.fixture(params=["sqlite", "mariadb", "postgres"])
def built(request: pytest.FixtureRequest, database: Callable[..., str]) -> Iterator[Built]:
    engines = {domain: sa.create_engine(database(request.param, domain)) for domain in DOMAINS}
    for domain, engine in engines.items():
        build(domain, engine, SCALE)
    yield engines
    for engine in engines.values():
        engine.dispose()


def test_each_database_holds_exactly_the_generated_rows(built: Built) -> None:
    for domain, engine in built.items():
        sample = sample_for(engine, SCALE, Sample.seed)
        for old in DEFINED[domain][1]:
            generated = Counter(tuple(map(as_text, row)) for row in old.rows(sample))
            assert Counter(stored(engine, old.table)) == generated, old.table.name


def stored(engine: sa.Engine, table: sa.Table) -> Iterator[tuple[str | None, ...]]:
    """The rows without SQLAlchemy's types: its DATETIME stumbles over SQLite's zero dates."""
    untyped = sa.table(table.name, *(sa.column(column.name) for column in table.columns))
    with engine.connect() as connection:
        for row in connection.execute(sa.select(untyped)):
            yield tuple(map(as_text, row))


def as_text(value: object) -> str | None:
    """A value as text, numbers in one spelling: 59, 59.00 and Decimal("59.00") are the same number."""
    text = None if value is None else str(value)
    return f"{float(text):.2f}" if text and NUMBER.fullmatch(text) else text


DIRT = {
    "shop": {
        "a date that is none": "FROM tb_coupon WHERE use_dt < '1000-01-01'",
        "an amount with a comma": "FROM tb_product WHERE price_txt LIKE '%,%'",
        "a price on request": "FROM tb_product WHERE price_txt = '가격문의'",
        "a code with spaces behind it": "FROM tb_product WHERE prod_cd LIKE '% '",
        "a category that is gone": "FROM tb_product WHERE cat_cd = 'ZZ01'",
        "a coupon of a member who is gone": (
            "FROM tb_coupon c LEFT JOIN tb_member m ON m.mem_no = c.mem_no WHERE c.mem_no > 0 AND m.mem_no IS NULL"
        ),
        "an id beyond a signed integer": "FROM tb_coupon WHERE cpn_no > 2147483647",
        "a withdrawn member": "FROM tb_member WHERE mem_st = '9'",
        "a duplicate member": "FROM tb_member WHERE dup_of_no > 0",
        "a member without an address": "FROM tb_member WHERE email = ''",
        "one address in two spellings": (
            "FROM tb_member a JOIN tb_member b ON b.mem_no > a.mem_no AND lower(trim(b.email)) = lower(trim(a.email)) "
            "WHERE a.email <> ''"
        ),
        "a line without its order": (
            "FROM tb_order_line l LEFT JOIN tb_order o ON o.order_no = l.order_no WHERE o.order_no IS NULL"
        ),
        "a line without its product": (
            "FROM tb_order_line l LEFT JOIN tb_product p ON p.prod_no = l.prod_no WHERE p.prod_no IS NULL"
        ),
        "a line of nought pieces": "FROM tb_order_line WHERE qty = 0",
    },
    "community": {
        "a comment without its post": (
            "FROM cm_comment c LEFT JOIN cm_post p ON p.post_no = c.post_no WHERE p.post_no IS NULL"
        ),
        "an answer to what is gone": (
            "FROM cm_comment c LEFT JOIN cm_comment p ON p.cmt_no = c.p_cmt_no "
            "WHERE c.p_cmt_no > 0 AND p.cmt_no IS NULL"
        ),
        "a member who left": "FROM cm_member WHERE left_ymd <> ''",
        "a title of spaces": "FROM cm_post WHERE trim(subj) = ''",
    },
    "study": {
        "a progress of nothing": "FROM pomodoro_participant WHERE prog_txt = ''",
        "a progress above 100": "FROM pomodoro_participant WHERE prog_txt = '120%'",
        "a participant of no study": (
            "FROM pomodoro_participant p LEFT JOIN pomodoro_study s ON s.study_no = p.study_no "
            "WHERE s.study_no IS NULL"
        ),
        "a record of no participant": (
            "FROM pomodoro_record r LEFT JOIN pomodoro_participant p ON p.part_no = r.part_no WHERE p.part_no IS NULL"
        ),
        "a stretch of negative length": "FROM pomodoro_record WHERE focus_sec < 0",
    },
}


def test_the_dirt_of_real_databases_is_there(built: Built) -> None:
    missing: list[str] = []
    for domain, engine in built.items():
        with engine.connect() as connection:
            for name, rows in DIRT[domain].items():
                if not connection.execute(sa.text(f"SELECT count(*) {rows}")).scalar_one():
                    missing.append(name)
    assert missing == []


def test_generated_keys_go_on_above_the_largest(built: Built) -> None:
    member = sa.table("cm_member", *map(sa.column, ("uid", *(c for c in MEMBER_DEFAULTS))))
    with built["community"].begin() as connection:
        largest = connection.execute(sa.text("SELECT max(uid) FROM cm_member")).scalar_one()
        connection.execute(member.insert().values(**MEMBER_DEFAULTS))
        assert connection.execute(sa.text("SELECT max(uid) FROM cm_member")).scalar_one() > largest


MEMBER_DEFAULTS = {
    **dict.fromkeys(("login", "passwd", "nick", "email_addr", "icon_url", "left_ymd"), "new"),
    **dict.fromkeys(("pt", "lvl", "open_fl"), 1),
    **dict.fromkeys(("reg_dt", "last_dt"), "2023-12-01 00:00:00"),
}


def test_tables_in_the_way_are_not_replaced_unless_asked(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    first = build("study", engine, SCALE)
    with pytest.raises(TablesExist, match="pomodoro_study"):
        build("study", engine, SCALE)
    assert build("study", engine, SCALE, replace=True) == first


def test_seed_and_scale_decide_the_rows() -> None:
    def some(sample: Sample) -> list[object]:
        return [list(islice(old.rows(sample), 50)) for _, tables in DEFINED.values() for old in tables]

    assert some(Sample(SCALE, seed=1)) == some(Sample(SCALE, seed=1))
    assert some(Sample(SCALE, seed=1)) != some(Sample(SCALE, seed=2))


def test_scale_one_is_about_300_000_rows_and_half_of_them_are_coupons() -> None:
    counts = {old.table.name: sum(1 for _ in old.rows(Sample())) for _, t in DEFINED.values() for old in t}
    assert 290_000 < sum(counts.values()) < 310_000
    assert 0.45 < counts["tb_coupon"] / sum(counts.values()) < 0.55


@pytest.mark.parametrize("account_of", [shop_account, community_account])
def test_no_two_moved_accounts_of_one_application_share_an_address(
    account_of: Callable[[Sample, int], Account | None],
) -> None:
    sample = Sample()
    accounts = (account_of(sample, number) for number in range(1, 24_000))
    addresses = Counter(email_of(sample, a.person) for a in accounts if a and a.moved and a.has_email)
    assert addresses.most_common(1)[0][1] == 1


def test_some_people_are_members_of_both() -> None:
    sample = Sample(SCALE)
    shop = {
        a.person for n in range(1, sample.count("tb_member")) if (a := shop_account(sample, n)) and a.moved
    }
    community = {
        a.person
        for n in range(1, sample.count("cm_member"))
        if (a := community_account(sample, n)) and a.moved
    }
    assert 0.2 < len(shop & community) / len(community) < 0.6
