"""One is one, and none is many."""

from changeover.wording import number, verb


def test_counts_agree_with_what_is_counted() -> None:
    assert [number(n, "range") for n in (0, 1, 1_200)] == ["0 ranges", "1 range", "1,200 ranges"]
    assert number(1, "row differs", "rows differ") == "1 row differs"
    assert number(2, "row differs", "rows differ") == "2 rows differ"
    assert [verb(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
