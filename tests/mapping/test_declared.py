"""A declaration that can't mean anything is refused where it is written, not where a row is moved."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, literal_column, select

from changeover.errors import MappingError
from changeover.mapping import (
    Keep,
    Mapping,
    Offset,
    constant,
    left_join,
    lookup,
    narrow,
    old,
    python,
    value_map,
)

PRODUCT, IMAGE = old("shop", "product"), old("shop", "image")


class State(str, Enum):
    NEW = "new"


def shout(names: list[str]) -> list[str]:
    return [name.upper() for name in names]


@pytest.mark.parametrize(
    "value",
    [
        func.max(PRODUCT.name),
        func.coalesce(func.sum(PRODUCT.price), 0),
        func.group_concat(PRODUCT.name),
        func.count(),
        func.sum(PRODUCT.price).filter(PRODUCT.price > 0),
        func.row_number().over(order_by=PRODUCT.id),
        sa.case((func.max(PRODUCT.id) > 1, 1), else_=0),
        python(shout, func.max(PRODUCT.name)),
        lookup("image", func.max(PRODUCT.image_id)),
        value_map(func.min(PRODUCT.state), {"0": "new"}),
        narrow(func.max(PRODUCT.name)),
    ],
)
def test_what_speaks_of_many_rows_is_no_column_of_one(value: Any) -> None:
    with pytest.raises(
        MappingError, match=r"mapping shop\.product\.item, column name: .* speaks of many rows"
    ):
        Mapping("item", PRODUCT, {"name": value})


def test_nor_a_condition_of_one() -> None:
    with pytest.raises(MappingError, match="where="):
        Mapping("item", PRODUCT, {"name": PRODUCT.name}, where=func.max(PRODUCT.id) > 1)
    with pytest.raises(MappingError, match="the join with image"):
        Mapping("item", PRODUCT, {}, joins=(left_join(IMAGE, IMAGE.id == func.max(PRODUCT.image_id)),))


def test_an_aggregate_of_a_subquery_speaks_of_its_rows_and_max_of_two_compares_them() -> None:
    newest = select(func.max(IMAGE.url)).where(IMAGE.product_id == PRODUCT.id)
    Mapping(
        "item",
        PRODUCT,
        {
            "a": newest.scalar_subquery(),
            "b": newest,
            "c": python(shout, newest.scalar_subquery()),
            "d": func.max(PRODUCT.a, PRODUCT.b),
        },
        where=select(func.count()).where(IMAGE.product_id == PRODUCT.id).scalar_subquery() > 0,
    )


@pytest.mark.parametrize(
    ("said", "declare"),
    [
        ("where=", lambda: Mapping("item", PRODUCT, {}, where="big > 1")),  # type: ignore[arg-type]
        ("where=", lambda: Mapping("item", PRODUCT, {}, where=sa.text("big > 1"))),  # type: ignore[arg-type]
        ("where=", lambda: Mapping("item", PRODUCT, {}, where=True)),  # type: ignore[arg-type]
        ("join with image", lambda: left_join(IMAGE, True)),  # type: ignore[arg-type]
        ("old table", lambda: left_join("image", PRODUCT.id == 1)),  # type: ignore[arg-type]
        ("value_map", lambda: value_map("st", {"0": "new"})),  # type: ignore[arg-type]
        ("value_map", lambda: value_map(PRODUCT.st, ["0"])),  # type: ignore[arg-type]
        ("null=", lambda: value_map(PRODUCT.st, {None: "new"})),
        ('write "1"', lambda: value_map(PRODUCT.st, {True: "new"})),
        ('write "0"', lambda: value_map(PRODUCT.st, {False: "new"})),
        ("as text", lambda: value_map(PRODUCT.st, {State.NEW: "new"})),
        ("function", lambda: python("upper", PRODUCT.name)),  # type: ignore[arg-type]
        ("python", lambda: python(shout, "name")),  # type: ignore[arg-type]
        ("lookup", lambda: lookup("image", "image_id")),  # type: ignore[arg-type]
        ("parent", lambda: lookup(IMAGE, PRODUCT.image_id)),  # type: ignore[arg-type]
        ("narrow", lambda: narrow("name")),  # type: ignore[arg-type]
        ("key", lambda: Mapping("item", PRODUCT, {}, key=(PRODUCT.id,))),  # type: ignore[arg-type]
        ("key", lambda: Mapping("item", PRODUCT, {}, key=PRODUCT.id)),  # type: ignore[arg-type]
        ("ids", lambda: Mapping("item", PRODUCT, {}, ids=Keep)),  # type: ignore[arg-type]
        ("ids", lambda: Mapping("item", PRODUCT, {}, ids="keep")),  # type: ignore[arg-type]
        ("root", lambda: Mapping("item", "product", {})),  # type: ignore[arg-type]
        ("columns", lambda: Mapping("item", PRODUCT, [PRODUCT.name])),  # type: ignore[arg-type]
        ("joins", lambda: Mapping("item", PRODUCT, {}, joins=(IMAGE,))),  # type: ignore[arg-type]
        ("max_rejects", lambda: Mapping("item", PRODUCT, {}, max_rejects=None)),  # type: ignore[arg-type]
        ("max_rejects", lambda: Mapping("item", PRODUCT, {}, max_rejects=-1)),
        ("rows_per_range", lambda: Mapping("item", PRODUCT, {}, rows_per_range=0)),
        ("rows_per_range", lambda: Mapping("item", PRODUCT, {}, rows_per_range="all")),  # type: ignore[arg-type]
        ("Offset", lambda: Offset("5")),  # type: ignore[arg-type]
        ("Offset", lambda: Offset(True)),
        ("Offset", lambda: Offset(2**63)),
    ],
)
def test_what_a_word_does_not_take_is_refused_with_what_it_takes(
    said: str, declare: Callable[[], Any]
) -> None:
    with pytest.raises((MappingError, TypeError, ValueError), match=said) as refused:
        declare()
    assert any(word in str(refused.value) for word in ("expected", "write", "say what NULL"))


def test_keys_of_a_value_map_are_numbers_or_what_the_old_database_writes() -> None:
    entries = value_map(PRODUCT.st, {0: "a", "1": "b", Decimal("1.50"): "c"}).entries
    assert entries == {"0": "a", "1": "b", "1.50": "c"}


def test_a_condition_in_words_keeps_to_itself() -> None:
    mapping = Mapping("item", PRODUCT, {"one": constant(1)}, where=literal_column("a = 1 OR b = 2"))
    assert mapping.where is not None
    assert str(sa.and_(PRODUCT.id > 5, mapping.where).compile(compile_kwargs={"literal_binds": True})) == (
        "product.id > 5 AND (a = 1 OR b = 2)"
    )
