"""What an operator does, on a real Dagster with its daemon, over GraphQL."""

from __future__ import annotations

import os
import signal

import pytest

from pipelines.launch import launch_everything
from tests.assets.sample.databases import COUPONS, GUESTS, MEMBERS, SHARED, STUDIES, Sample
from tests.ui.live import Live

pytestmark = pytest.mark.timeout(900)


def test_a_backfill_shows_the_partition_that_failed_and_re_executes_it_alone(live: Live) -> None:
    broken = live.sample.make_a_member_fail(12)
    first = live.backfill("category", "member")
    assert live.backfill_ended(first) == "COMPLETED_FAILED"
    assert live.partitions("category")["missing"] == []
    assert live.partitions("member")["failed"] == [broken]
    assert len(live.partitions("member")["materialized"]) == 10
    assert live.sample.count("new", "member") == MEMBERS + GUESTS - SHARED - 5

    before = _all_attempts(live.sample)
    live.sample.mend_members()
    second = live.re_execute_failures(first)
    assert live.backfill_ended(second) == "COMPLETED_SUCCESS"
    assert live.partitions("member")["failed"] == []
    assert live.sample.count("new", "member") == MEMBERS + GUESTS - SHARED
    assert [name for name, tries in _all_attempts(live.sample).items() if tries != before[name]] == [broken]


@pytest.mark.long
def test_who_just_materializes_is_told_that_nothing_was_compared_since(live: Live) -> None:
    assert live.backfill_ended(live.backfill("category")) == "COMPLETED_SUCCESS"
    found = live.check("category", "same_as_old")
    assert (found["status"], found["severity"]) == ("FAILED", "WARN")
    assert "launch the job `verify_tables`" in found["description"]
    assert live.run_job("verify_tables") == "SUCCESS"
    assert live.check("category", "same_as_old")["status"] == "SUCCEEDED"
    # One partition, as a person launches it from the asset's page.
    assert live.ended(live.launch_ranges("category", live.keys("category")[:1])) == "SUCCESS"
    assert live.check("category", "same_as_old")["severity"] == "WARN"
    for name in ("no_rejects", "rows_accounted_for"):
        assert live.check("category", name)["status"] == "SUCCEEDED"


def test_a_killed_run_is_taken_up_where_it_was(live: Live) -> None:
    _copy_parents(live)
    sample, keys = live.sample, live.keys("coupon")
    sample.gate.touch()
    run = live.launch_ranges("coupon", keys)
    worker = live.worker(run)
    live.until("five ranges", lambda: len(live.partitions("coupon")["materialized"]) == 5)
    os.kill(worker, signal.SIGKILL)
    sample.gate.unlink()
    assert live.ended(run) == "FAILURE"
    assert sample.count("new", "coupon") == 500

    # Dagster's daemon executes a run whose process died again, by itself.
    again = live.until(
        "a second run", lambda: live.runs(tags=[{"key": "dagster/parent_run_id", "value": run}])
    )
    assert live.ended(again[0]["runId"]) == "SUCCESS"
    assert live.partitions("coupon")["missing"] == []
    assert sample.count("new", "coupon") == COUPONS
    assert _attempts(sample, keys) == [1, 1, 1, 1, 1, 2, 1, 1, 1, 1]


def test_a_cancelled_run_ends_after_its_chunk(live: Live) -> None:
    _copy_parents(live)
    sample, keys = live.sample, live.keys("coupon")
    sample.execute("new", "DELETE FROM coupon")
    sample.execute(
        "new", "UPDATE changeover_range SET status = 'planned', position = NULL WHERE root = 'shop.tb_coupon'"
    )
    sample.gate.touch()
    run = live.launch_ranges("coupon", keys)
    live.until("the sixth range", lambda: sample.count("new", "coupon") == 500)
    live.terminate(run)
    # The run's process waits for the chunk, or, stopped while it stored an event, not even for that.
    live.until("an answer", lambda: sample.stopping.exists() or live.run(run)["status"] == "CANCELED")
    sample.gate.unlink()
    assert live.ended(run) == "CANCELED"
    assert 500 <= sample.count("new", "coupon") <= 700
    assert live.ended(live.launch_ranges("coupon", keys)) == "SUCCESS"
    assert sample.count("new", "coupon") == COUPONS


def test_a_whole_migration_is_launched_watched_and_compared(live: Live) -> None:
    seen: set[tuple[str, str]] = set()
    done = launch_everything(
        live.server.url, on_progress=lambda runs: seen.update((r.title, r.state) for r in runs)
    )
    assert {run.title: run.state for run in done} == dict.fromkeys(
        ("plan_tables", "category", "coupon", "member", "product", "study, study_rule", "verify_tables"),
        "SUCCESS",
    )
    assert ("coupon", "waiting") in seen
    assert {table: live.sample.count("new", table) for table in ("category", "coupon", "study", "study_rule")} == {
        "category": 10, "coupon": COUPONS, "study": STUDIES, "study_rule": STUDIES,
    }  # fmt: skip
    assert live.partitions("coupon")["missing"] == []
    numbers = live.numbers("coupon", "0000000101-0000000200")
    assert numbers["rows_read"] == 100
    assert numbers["rejected"] == 0
    assert numbers["dagster/partition_row_count"] == 100
    assert numbers["rows_per_second"] > 0


def test_the_sensor_appends_a_partition_when_a_table_has_grown(live: Live) -> None:
    before = live.keys("product")
    live.sample.execute(
        "shop", "INSERT INTO tb_product SELECT prod_no + 100, cate_cd, nm, price FROM tb_product LIMIT 10"
    )
    live.start_sensor("plan_new_ranges")
    live.until("a new partition", lambda: live.keys("product") == [*before, "0000000061-0000000110"])


def _copy_parents(live: Live) -> None:
    if live.partitions("member")["missing"]:
        assert live.ended(live.launch_ranges("member", live.keys("member"))) == "SUCCESS"


def _all_attempts(sample: Sample) -> dict[str, int]:
    found = sample.execute("new", "SELECT root, name, attempts FROM changeover_range")
    return {f"{root} {name}": int(str(attempts)) for root, name, attempts in found}


def _attempts(sample: Sample, keys: list[str]) -> list[int]:
    found = sample.execute("new", "SELECT name, attempts FROM changeover_range WHERE root = 'shop.tb_coupon'")
    by_name = {str(name): int(str(attempts)) for name, attempts in found}
    return [by_name[key] for key in keys]
