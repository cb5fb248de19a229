"""What a copying step writes into its log."""

from __future__ import annotations

import pytest

from assets import progress
from assets.progress import Progress, duration


def test_a_line_names_how_far_how_fast_and_how_long() -> None:
    shown = Progress("shop.tb_coupon", 50, 2_000_000, lambda _: None)
    shown.chunk(300_000)
    shown.chunk(40_000)
    assert shown.text(6.8) == (
        "shop.tb_coupon: 0 of 50 ranges, 340,000 of about 2,000,000 rows, 50,000 rows/s, about 33 s left"
    )


def test_there_is_no_end_to_tell_before_the_first_chunk_and_after_the_last() -> None:
    shown = Progress("shop.tb_coupon", 1, 10, lambda _: None)
    assert "left" not in shown.text(1.0)
    shown.chunk(12)
    assert "left" not in shown.text(1.0)


def test_lines_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines: list[str] = []
    shown = Progress("shop.tb_coupon", 100, 100, lines.append)
    for _ in range(100):
        now += 0.5
        shown.range_done()
    assert len(lines) == 10


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (90_000, "25 h 0 min")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
