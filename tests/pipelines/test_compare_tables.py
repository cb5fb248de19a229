"""The checks that compare old and new."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from tests.assets.fixtures import Run, checked
from tests.assets.sample.databases import COUPONS, Sample


@pytest.fixture(autouse=True)
def _copied(copied: Callable[..., None]) -> None:
    copied("category", "member", "coupon", "study")


def compared(run_job: Run, table: str) -> dg.AssetCheckEvaluation:
    return checked(run_job("compare_tables"), table, "same_as_old")[None]


def test_a_table_that_equals_the_old_one_passes_with_its_counts(run_job: Run) -> None:
    found = compared(run_job, "coupon")
    assert found.passed
    assert (found.metadata["old"].value, found.metadata["same"].value) == (COUPONS, COUPONS)
    assert found.metadata["ranges"].value == 10


def test_one_run_compares_all_tables_and_fails_none(run_job: Run) -> None:
    result = run_job("compare_tables")
    assert result.success
    assert {str(e.asset_key.path[-1]) for e in result.get_asset_check_evaluations()} == {
        *("category", "member", "product", "coupon", "study", "study_rule")
    }


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("UPDATE coupon SET amount = 0 WHERE id = 7", "different"),
        ("DELETE FROM coupon WHERE id = 7", "missing"),
    ],
)
def test_a_row_that_drifted_is_found_and_named(run_job: Run, sample: Sample, sql: str, word: str) -> None:
    sample.execute("new", sql)
    found = compared(run_job, "coupon")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert found.metadata[word].value == 1
    assert found.metadata["root_keys"].value == ["7"]


def test_a_row_whose_root_is_gone_is_left_over(run_job: Run, sample: Sample) -> None:
    sample.execute("shop", "DELETE FROM tb_coupon WHERE cpn_no = 7")
    found = compared(run_job, "coupon")
    assert not found.passed
    assert found.metadata["extra"].value == 1


def test_rejected_rows_are_not_called_the_same(run_job: Run, copy: Run, sample: Sample) -> None:
    sample.execute("shop", "INSERT INTO tb_coupon VALUES (1001, 1, '7', '1')")
    run_job("plan_tables")
    copy("coupon")
    found = compared(run_job, "coupon")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert (found.metadata["rejected"].value, found.metadata["same"].value) == (1, COUPONS)


def test_what_was_never_planned_was_not_compared(run_job: Run, sample: Sample) -> None:
    sample.execute("new", "DELETE FROM changeover_range")
    found = compared(run_job, "coupon")
    assert not found.passed
    assert "not planned" in (found.description or "")
