"""Figures keep what they promise, and contenders are measured in turns."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from rich.console import Console

from bench import report
from bench.figure import Figure, Ratio, Taken, in_turns, ratio


def test_a_figure_is_kept_on_its_side_of_the_limit() -> None:
    assert Figure("g", "n", 1.0, "", "at most", 1.1).kept is True
    assert Figure("g", "n", 1.2, "", "at most", 1.1).kept is False
    assert Figure("g", "n", 3.0, "", "at least", 3.0).kept is True
    assert Figure("g", "n", 2.9, "", "at least", 3.0).kept is False
    assert Figure("g", "n", 2.9, "").kept is None


def test_every_round_begins_with_another_contender() -> None:
    order: list[str] = []

    def contender(name: str, values: list[float]) -> Callable[[], Taken]:
        def run() -> Taken:
            order.append(name)
            value = values.pop(0)
            return Taken(value, value * 2)

        return run

    contenders = {"a": contender("a", [1, 100, 2]), "b": contender("b", [5, 4, 6])}

    assert in_turns(contenders, 3) == {"a": Taken(2, 4), "b": Taken(5, 10)}
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_a_ratio_is_that_of_rounds_so_that_a_slow_spell_of_the_machine_is_none_of_a_side() -> None:
    without = [Taken(seconds) for seconds in (1.0, 10.0, 1.0, 10.0, 1.0)]
    outbox = [Taken(seconds) for seconds in (2.0, 20.0, 2.0, 20.0, 2.0)]
    assert ratio(outbox, without) == Ratio(0.5, 0.5, 0.5)
    assert ratio([Taken(2.0), Taken(4.0), Taken(8.0)], [Taken(1.0)] * 3) == Ratio(0.25, 0.1875, 0.375)
    assert ratio([Taken(2.0)], [Taken(1.0)]) == Ratio(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("value", "shown"), [(1234.5, "1,234"), (99.96, "100.0"), (12.34, "12.3"), (0.125, "0.12"), (3, "3.00")]
)
def test_numbers_show_three_digits(value: float, shown: str) -> None:
    assert report.number(value) == shown


def test_a_report_names_what_was_missed() -> None:
    figures = [Figure("paging", "last / first", 1.3, "", "at most", 1.1), Figure("paging", "a page", 2, "ms")]
    console = Console(width=100, record=True, file=io.StringIO())
    report.show(figures, {"processors": 2}, console)
    text = console.export_text()

    assert "at most 1.1" in text
    assert text.count("missed") == 1

    document = json.loads(report.document(figures, {"processors": 2}))
    assert [figure["kept"] for figure in document["figures"]] == [False, None]
