"""One is one, and none is many."""

from changeover.capture.outbox import COUNTED
from changeover.cli.kept import changes_behind
from changeover.wording import number, verb


def test_counts_agree_with_what_is_counted() -> None:
    assert [number(n, "range") for n in (0, 1, 1_200)] == ["0 ranges", "1 range", "1,200 ranges"]
    assert number(1, "row differs", "rows differ") == "1 row differs"
    assert number(2, "row differs", "rows differ") == "2 rows differ"
    assert [verb(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]


def test_a_queue_is_counted_as_far_as_it_is_worth() -> None:
    assert changes_behind(1) == "1 change behind"
    assert changes_behind(COUNTED - 1) == "99,999 changes behind"
    assert changes_behind(COUNTED) == "at least 100,000 changes behind"
