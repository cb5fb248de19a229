"""`tb_category`: a tree of string codes, the parent named by its code."""

from __future__ import annotations

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import images, moments, words
from demo.old.dirt import spelled_code, yes_or_no
from demo.old.sample import Rows, Sample, pick
from demo.old.shop.metadata import METADATA

TABLE = sa.Table(
    "tb_category",
    METADATA,
    sa.Column("cat_cd", old.varchar(8), primary_key=True),
    sa.Column("up_cat_cd", old.varchar(8), nullable=False),  # '' or '0' for none
    sa.Column("cat_nm", old.varchar(60), nullable=False),
    sa.Column("cat_lv", old.tiny(), nullable=False),
    sa.Column("sort_no", old.integer(), nullable=False),
    sa.Column("disp_yn", old.char(1), nullable=False),
    sa.Column("banner_img", old.varchar(300), nullable=False),
    sa.Column("reg_dt", old.datetime(), nullable=False),
    **old.LEGACY_TABLE,
)

# What a product is sorted under when its own category is gone.
CATCH_ALL = "ETC"
TOPS, MIDS, LEAVES = 10, 3, 3
# Hung under another branch years later: these sort before their parent.
MOVED = {"A0103": "J02", "B0203": "H01", "C03": "D"}
# Its parent was deleted.
ORPHAN, GONE = "E0303", "X99"


def codes() -> tuple[str, ...]:
    """All codes in upper case and key order. They do not depend on scale or seed: categories do not multiply."""
    found = [CATCH_ALL]
    for top in "ABCDEFGHIJ"[:TOPS]:
        found.append(top)
        for mid in range(1, MIDS + 1):
            found.append(f"{top}{mid:02d}")
            found.extend(f"{top}{mid:02d}{leaf:02d}" for leaf in range(1, LEAVES + 1))
    return tuple(sorted(found))


def rows(sample: Sample) -> Rows:
    """One row a code: some codes in lower case, parents in any spelling, one parent that was deleted."""
    rng = sample.rng("tb_category")
    for number, code in enumerate(codes()):
        parent = GONE if code == ORPHAN else MOVED.get(code) or _parent(code)
        stored = code.lower() if number % 17 == 5 else code
        name = f"{pick(rng, words.ADJECTIVES)} {pick(rng, words.GOODS)}" if code != CATCH_ALL else "기타"
        banner = images.icon(sample, "banner", number) if number % 4 == 0 else ""
        yield (
            stored,
            spelled_code(parent, number) if parent else ("0" if number % 2 else ""),
            f"{name} " if number % 11 == 0 else name,
            len(code) // 2 + 1 if code != CATCH_ALL else 1,
            number * 10,
            yes_or_no(rng, 0.9),
            banner,
            sample.zero_datetime if number % 31 == 7 else moments.along(rng, 0.02),
        )


def _parent(code: str) -> str:
    return "" if code == CATCH_ALL or len(code) == 1 else code[:-2]
