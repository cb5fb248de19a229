"""The mappings that are measured."""

from __future__ import annotations

from typing import Literal

from bench.tables import STATES
from changeover.mapping import (
    Assigned,
    Computed,
    Ids,
    Keep,
    Mapping,
    OldTable,
    Registry,
    lookup,
    old,
    value_map,
)

MEMBERS, COUPONS = "shop.tb_member", "shop.tb_coupon"


def _member(ids: Ids = Assigned()) -> Mapping:  # noqa: B008 - it is frozen
    table = old("shop", "tb_member")
    return Mapping("member", table, {"email": table.email}, ids=ids, domain="shop")


def _coupon(table: OldTable, ids: Ids, mode: Literal["outbox", "direct"] = "outbox") -> Mapping:
    columns = {
        "code": table.cpn_cd,
        "member_id": lookup("member", table.mem_no),
        "state": value_map(table.st, STATES),
        "price": table.price,
        "memo": table.memo,
        "created_at": table.created,
        "expires_at": table.expires,
    }
    if isinstance(ids, Computed):
        columns["id"] = table.cpn_no
    at_once = mode == "direct"
    return Mapping("coupon", table, columns, ids=ids, domain="shop", mode=mode, old_writes_may_fail=at_once)


REGISTRY = Registry((_member(), _coupon(old("shop", "tb_coupon"), Keep())))
"""Members get new ids, coupons keep theirs and look their member up."""


DIRECT = Registry((_member(Keep()), _coupon(old("shop", "tb_coupon"), Keep(), "direct")))
"""The same, with what direct mode asks for: members keep their ids too."""


def _alike() -> Mapping:
    table = old("shop", "tb_coupon")
    names = ("cpn_cd", "mem_no", "st", "price", "memo", "created", "expires")
    return Mapping("tb_coupon", table, {name: table[name] for name in names}, ids=Keep(), domain="shop")


ALIKE = Registry((_alike(),))
"""The coupon table as it is, with nothing to see through: what a program that knows no mapping can compare."""


def under_another_key(table: str) -> Registry:
    """The same, from a coupon table whose key is no target's key."""
    return Registry((_member(), _coupon(old("shop", table), Computed())))
