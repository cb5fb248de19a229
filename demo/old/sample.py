"""What every builder knows: how large the sample is, its seed, and how its database spells "no date".

Facts that several tables or databases must agree on (who withdrew, which keys are gaps) come from `Sample.mix`, a
pure function of seed, salt and key, so that no table has to be kept in memory to write another.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Value = int | float | str | None
Row = tuple[Value, ...]
Rows = Iterator[Row]
T = TypeVar("T")

# Keys handed out at scale 1. About 1-2 % of them are gaps, so tables hold slightly fewer rows: 300,000 in all.
VOLUME = {
    "tb_product": 6_000,
    "tb_member": 24_000,
    "tb_coupon": 150_000,
    "tb_order": 16_000,
    "cm_member": 8_000,
    "cm_post": 10_000,
    "cm_comment": 30_000,
    "pomodoro_study": 1_500,
}
# Enough that a study finds five people.
LEAST = 40
MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Sample:
    """The parameters of one build.

    scale: multiplies every volume; 1.0 is about 300,000 rows in the three databases together.
    seed: the same seed and scale give the same rows, in every database.
    zero_datetime: what the old application wrote for "no date".
    image_host: the scheme and host of the old image host.
    """

    scale: float = 1.0
    seed: int = 20231104
    zero_datetime: str = "0000-00-00 00:00:00"
    image_host: str = "http://img.oldshop.example"

    def count(self, table: str) -> int:
        """How many keys `table` hands out at this scale."""
        return max(LEAST, round(VOLUME[table] * self.scale))

    def rng(self, table: str) -> random.Random:
        """The generator of what no other table has to know; read in key order only."""
        return random.Random(f"{self.seed}/{table}")

    def mix(self, salt: int, key: int) -> int:
        """A 64-bit hash of seed, salt and key (the finalizer of SplitMix64)."""
        x = (key * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03 + self.seed) & MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
        return x ^ (x >> 31)

    def one_in(self, n: int, salt: int, key: int) -> bool:
        """Whether `key` is one of the 1/n that the salt selects."""
        return self.mix(salt, key) % n == 0


def pick(rng: random.Random, choices: Sequence[T]) -> T:
    """`rng.choice` at a third of its cost."""
    return choices[int(rng.random() * len(choices))]
