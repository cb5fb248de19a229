"""The copying step on real databases, in an instance of Dagster that nobody keeps."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator

import dagster as dg
import pytest

from assets import copying
from assets.accounts import accounts
from assets.keys import new_key
from assets.partitions import partitions_name
from changeover.ledger.ranges import ranges_of
from changeover.mapping import Registry
from changeover.project import Project
from changeover.transfer import RangeDone
from tests.assets.fixtures import Run, checked, component_of, keys_of, materialized, why_failed
from tests.assets.sample.databases import COUPONS, GUESTS, MEMBERS, SHARED, STUDIES, Sample


@pytest.fixture(autouse=True)
def _planned(sample: Sample, run_job: Run) -> None:
    assert run_job("plan_tables").success


@pytest.fixture
def parents(copy: Run) -> None:
    assert copy("category").success
    assert copy("member").success


def test_each_range_is_a_materialization_with_its_numbers(
    copy: Run, parents: None, instance: dg.DagsterInstance, registry: Registry, sample: Sample
) -> None:
    result = copy("coupon")
    assert result.success
    assert sample.count("new", "coupon") == COUPONS
    found = materialized(result, "coupon")
    assert list(found) == keys_of(instance, registry, "coupon")
    first = found["0000000000-0000000100"]
    assert {name: first[name] for name in ("rows_read", "inserted", "updated", "unchanged", "deleted", "rejected")} == {
        "rows_read": 100, "inserted": 100, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0,
    }  # fmt: skip
    assert first["dagster/partition_row_count"] == 100
    assert (first["keys_above"], first["keys_up_to"], first["root"]) == ("(open)", "100", "shop.tb_coupon")
    assert first["bytes"] > 0
    assert first["seconds"] > 0
    assert first["rows_per_second"] > 0
    assert {c.name: (c.type, c.description) for c in first["dagster/column_schema"].columns} == {
        "id": ("INTEGER", "ids of shop.tb_coupon: keep"),
        "member_id": ("INTEGER", "key of member, by shop.tb_coupon.mem_no"),
        "state": ("VARCHAR(10)", "from shop.tb_coupon.st"),
        "amount": ("DECIMAL(10, 2)", "from shop.tb_coupon.amt"),
    }


def test_a_second_run_finds_everything_right(copy: Run, parents: None) -> None:
    copy("coupon")
    again = materialized(copy("coupon"), "coupon")
    assert {(m["inserted"], m["updated"], m["unchanged"]) for m in again.values()} == {(0, 0, 100)}


@pytest.mark.parametrize(("table", "targets"), [("member", 1), ("study", 2), ("coupon", 1)])
def test_every_row_read_is_accounted_for_in_every_target(
    copy: Run, parents: None, table: str, targets: int
) -> None:
    for _ in range(2):
        for evaluation in checked(copy(table), table, "rows_accounted_for").values():
            assert evaluation.passed
            read, due, found = (
                evaluation.metadata[name].value for name in ("rows_read", "due", "accounted_for")
            )
            assert isinstance(read, int)
            assert read * targets == due == found
            assert read > 0


@pytest.mark.parametrize(("wrong", "passes"), [(-1, False), (0, True), (1, False)])
def test_a_row_too_few_and_a_row_too_many_are_not_accounted_for(
    copy: Run,
    parents: None,
    registry: Registry,
    project: Project,
    sample: Sample,
    wrong: int,
    passes: bool,
) -> None:
    copy("coupon")
    sample.execute(
        "new",
        f"UPDATE changeover_range SET unchanged = unchanged + {wrong} WHERE root = 'shop.tb_coupon' AND no = 1",
    )
    told = accounts(project, component_of(registry, "coupon"))
    (evaluation,) = [one for one in told if one.check_name == "rows_accounted_for"]
    assert evaluation.passed is passes


def test_a_merge_has_the_ranges_of_all_its_roots(
    copy: Run, instance: dg.DagsterInstance, registry: Registry
) -> None:
    assert list(materialized(copy("member"), "member")) == _ranges_of_members()
    assert {key.partition(" ")[0] for key in keys_of(instance, registry, "member")} == {
        "shop.tb_member",
        "community.member",
    }


def test_a_split_writes_all_targets_of_a_range_at_once(copy: Run, parents: None, sample: Sample) -> None:
    result = copy("study")
    assert result.success
    assert list(materialized(result, "study")) == list(materialized(result, "study_rule"))
    assert sample.count("new", "study") == sample.count("new", "study_rule") == STUDIES


def test_the_check_of_rejects_counts_those_of_the_whole_table_whatever_was_copied_last(
    copy: Run, parents: None, sample: Sample
) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '7', amt = 'secret' WHERE cpn_no IN (150, 151, 350)")
    result = copy("coupon")
    assert result.success
    assert materialized(result, "coupon")["0000000101-0000000200"]["rejected"] == 2
    for told in (result, copy("coupon", ["0000000901-0000001000"])):
        evaluation = checked(told, "coupon", "no_rejects")[None]
        assert not evaluation.passed
        assert evaluation.metadata["rejected"].value == 3
        shares = evaluation.metadata["by_partition"]
        assert isinstance(shares, dg.TableMetadataValue)
        assert [(r.data["partition"], r.data["rows"]) for r in shares.records] == [
            ("0000000101-0000000200", "2"),
            ("0000000301-0000000400", "1"),
        ]
        shown = evaluation.metadata["sample"]
        assert isinstance(shown, dg.TableMetadataValue)
        assert {record.data["key"] for record in shown.records} == {"150", "151", "350"}
        assert "secret" not in str(evaluation)


def test_rows_that_wait_for_a_later_range_are_no_rejects_in_the_end(copy: Run) -> None:
    # Category 5 is a child of 6, which stands in the next range.
    assert checked(copy("category"), "category", "no_rejects")[None].passed


def test_rows_are_accounted_for_over_all_partitions_that_are_copied(
    copy: Run, parents: None, sample: Sample
) -> None:
    found = checked(copy("coupon", ["0000000000-0000000100"]), "coupon", "rows_accounted_for")[None]
    assert (found.passed, found.metadata["partitions"].value, found.metadata["due"].value) == (True, 1, 100)
    sample.execute("new", "UPDATE changeover_range SET due = 99 WHERE root = 'shop.tb_coupon' AND no = 1")
    found = checked(copy("coupon", ["0000000101-0000000200"]), "coupon", "rows_accounted_for")[None]
    assert not found.passed
    assert (found.metadata["partitions"].value, found.metadata["accounted_for"].value) == (2, 200)
    shares = found.metadata["by_partition"]
    assert isinstance(shares, dg.TableMetadataValue)
    assert [r.data["partition"] for r in shares.records] == ["0000000000-0000000100"]


def test_a_range_that_fails_is_named_and_the_others_go_on(copy: Run, sample: Sample) -> None:
    broken = sample.make_a_member_fail(12)
    result = copy("member")
    assert not result.success
    assert set(materialized(result, "member")) == set(_ranges_of_members()) - {broken}
    assert "1 of 11 key ranges failed" in why_failed(result)
    assert broken in why_failed(result)
    assert "join" in why_failed(result)
    assert sample.count("new", "member") == MEMBERS + GUESTS - SHARED - 5


@pytest.mark.parametrize("resumed", [{}, {"dagster/is_resume_retry": "true"}])
def test_a_partition_that_the_ledger_does_not_know_fails_and_the_others_are_copied(
    copy: Run, instance: dg.DagsterInstance, registry: Registry, sample: Sample, resumed: dict[str, str]
) -> None:
    keys = keys_of(instance, registry, "member")
    strays = [
        f"{keys[0].partition(' ')[0]} 9999999990-9999999999",
        "nobody.table 0000000000-0000000009",
        "nonsense",
    ]
    name = partitions_name(component_of(registry, "member"))
    instance.add_dynamic_partitions(name, strays)
    result = copy("member", **resumed)
    assert not result.success
    assert set(materialized(result, "member")) == set(keys)
    assert f"3 of {len(keys) + 3} key ranges failed" in why_failed(result)
    for stray in strays:
        assert f"{stray}: not in the ledger: launch plan_tables" in why_failed(result)
    assert sample.count("new", "member") == MEMBERS + GUESTS - SHARED


def test_no_partition_succeeds_after_the_ledger_was_lost(copy: Run, parents: None, sample: Sample) -> None:
    sample.execute("new", "DELETE FROM changeover_range")
    result = copy("coupon")
    assert not result.success
    assert materialized(result, "coupon") == {}
    assert "launch plan_tables" in why_failed(result)


def test_a_re_execution_runs_only_what_failed(copy: Run, sample: Sample) -> None:
    broken = sample.make_a_member_fail(12)
    copy("member")
    sample.mend_members()
    again = copy("member", **{"dagster/is_resume_retry": "true"})
    assert again.success
    assert list(materialized(again, "member")) == [broken]
    assert sample.count("new", "member") == MEMBERS + GUESTS - SHARED


def test_a_range_that_was_done_when_its_run_was_killed_is_told_by_the_next(
    copy: Run, parents: None, project: Project, instance: dg.DagsterInstance, registry: Registry
) -> None:
    keys = keys_of(instance, registry, "coupon")
    list(copying.backfill(project, "shop.tb_coupon", keys[:3]))
    result = copy("coupon", **{"dagster/is_resume_retry": "true"})
    assert list(materialized(result, "coupon")) == keys
    with project.reading() as connection:
        assert [found.attempts for found in ranges_of(connection, "shop.tb_coupon")] == [1] * 10


def test_a_run_that_is_stopped_ends_after_its_chunk_and_goes_on_from_there(
    copy: Run, parents: None, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    real = copying.backfill

    def slowly(*args: object, stop: threading.Event, **named: object) -> Iterator[RangeDone]:
        for place, done in enumerate(real(*args, stop=stop, **named)):  # type: ignore[arg-type]
            yield done
            if place == 2:
                begun.set()
                stop.wait(60)

    def interrupted(self: object) -> None:
        if begun.is_set():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying, "backfill", slowly)
        patch.setattr(copying, "SECONDS_BETWEEN_LINES", 0.05)
        patch.setattr(copying.Progress, "line", interrupted)
        assert not copy("coupon").success
    done = sample.count("new", "coupon")
    assert 300 <= done < COUPONS
    assert copy("coupon", **{"dagster/is_resume_retry": "true"}).success
    assert sample.count("new", "coupon") == COUPONS


def test_one_old_database_may_be_away_while_tables_of_another_are_moved(copy: Run, sample: Sample) -> None:
    sample.path("community").unlink()
    assert copy("category").success
    assert sample.count("new", "category") == 10


def test_a_mapping_that_does_not_fit_fails_the_run_with_its_reason(copy: Run, sample: Sample) -> None:
    sample.execute("new", "ALTER TABLE category DROP COLUMN name")
    result = copy("category")
    assert not result.success
    assert "column name" in why_failed(result)


def test_members_of_both_databases_become_one_row(copy: Run, sample: Sample) -> None:
    copy("member")
    assert sample.count("new", "member") == MEMBERS + GUESTS - SHARED
    assert sample.count("new", "member WHERE name LIKE 'member %' AND nick IS NOT NULL") == SHARED


def _ranges_of_members() -> list[str]:
    shop = [f"shop.tb_member {first:010d}-{first + 4:010d}" for first in range(1, MEMBERS, 5)]
    community = [f"community.member {first:010d}-{first + 9:010d}" for first in range(1, GUESTS, 10)]
    return [key.replace("0000000001-", "0000000000-") for key in (*shop, *community)]


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_after_a_copy_its_tables_are_not_compared_whichever_checks_the_run_was_to_evaluate(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    registry: Registry,
    sample: Sample,
    parents: None,
    breaks: bool,
    named: bool,
) -> None:
    if breaks:
        sample.make_a_member_fail(1)
    key = new_key("member")
    keys = keys_of(instance, registry, "member")
    chosen = {dg.AssetCheckKey(key, name) for name in ("no_rejects", "rows_accounted_for")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        job = defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={key}, asset_check_selection=chosen if named else None
        )
        tags = {
            "dagster/asset_partition_range_start": keys[0],
            "dagster/asset_partition_range_end": keys[-1],
        }
        result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    assert result.success is not breaks
    check = dg.AssetCheckKey(key, "same_as_old")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
    assert record.event is not None
    assert record.event.dagster_event is not None
    found = record.event.dagster_event.asset_check_evaluation_data
    assert not found.passed
    assert found.severity == (dg.AssetCheckSeverity.ERROR if breaks else dg.AssetCheckSeverity.WARN)
    assert "since the copy: launch the job `verify_tables`" in (found.description or "")
    assert ("1 of 11 partitions failed" in (found.description or "")) is breaks


def test_a_run_that_mends_the_rejects_of_another_table_states_its_checks(
    copy: Run, parents: None, instance: dg.DagsterInstance, sample: Sample
) -> None:
    assert copy("coupon").success
    sample.execute("shop", "DELETE FROM tb_member WHERE mem_no = 3")
    sample.execute("shop", "DELETE FROM tb_coupon WHERE mem_no = 3")
    assert copy("member").success
    # The member's coupons are still in the new table, and hold its row back.
    assert not stated(instance, "member", "no_rejects").passed
    assert copy("coupon").success
    assert stated(instance, "member", "no_rejects").passed
    assert stated(instance, "member", "same_as_old").metadata["rejected"].value == 0


def stated(instance: dg.DagsterInstance, target: str, name: str) -> dg.AssetCheckEvaluation:
    """What a table's check was last said to be, by whomever."""
    key = dg.AssetCheckKey(new_key(target), name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    assert record.event.dagster_event is not None
    return record.event.dagster_event.asset_check_evaluation_data
