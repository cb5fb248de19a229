"""Planning by a job, and Dagster's view of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from assets.keys import new_key
from changeover.ledger.ranges import ranges_of
from changeover.mapping import Registry
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill
from pipelines.ledger_view import show
from tests.assets.fixtures import Run, component_of, keys_of
from tests.assets.sample.databases import Sample

TABLES = ("category", "member", "product", "coupon", "study")


@pytest.fixture
def another_instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's storage after it was thrown away."""
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def test_planning_lists_the_ranges_of_all_tables_in_the_ledgers_order(
    run_job: Run, instance: dg.DagsterInstance, registry: Registry, project: Project
) -> None:
    assert run_job("plan_tables").success
    assert [len(keys_of(instance, registry, table)) for table in TABLES] == [2, 11, 6, 10, 3]
    with project.reading() as connection:
        planned = [found.name for found in ranges_of(connection, "shop.tb_coupon")]
    assert keys_of(instance, registry, "coupon") == planned


def test_planning_again_adds_only_what_has_grown(
    run_job: Run, instance: dg.DagsterInstance, registry: Registry, sample: Sample
) -> None:
    run_job("plan_tables")
    before = keys_of(instance, registry, "coupon")
    run_job("plan_tables")
    assert keys_of(instance, registry, "coupon") == before
    sample.execute("shop", "INSERT INTO tb_coupon VALUES (1001, 1, '0', '1')")
    run_job("plan_tables")
    assert keys_of(instance, registry, "coupon") == [*before, "0000001001-0000001001"]


def test_some_tables_may_be_planned_alone(
    run_job: Run, instance: dg.DagsterInstance, registry: Registry, sample: Sample
) -> None:
    config = {"ops": {"plan": {"config": {"tables": ["coupon"], "rows_per_range": 500}}}}
    assert run_job("plan_tables", config).success
    assert [len(keys_of(instance, registry, table)) for table in TABLES] == [0, 0, 0, 2, 0]


def test_a_table_is_planned_while_the_variable_of_another_database_is_unset(
    run_job: Run,
    instance: dg.DagsterInstance,
    registry: Registry,
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CHANGEOVER_OLD_STUDY_URL")
    config = {"ops": {"plan": {"config": {"tables": ["coupon"]}}}}
    assert run_job("plan_tables", config).success
    assert len(keys_of(instance, registry, "coupon")) == 10
    result = run_job("plan_tables")
    assert not result.success
    assert len(keys_of(instance, registry, "product")) == 6, "the others were planned"
    assert "not planned: study.Pomodoro Study;" in str(result.all_events)


def test_an_unknown_table_is_refused_by_name(run_job: Run, sample: Sample) -> None:
    result = run_job("plan_tables", {"ops": {"plan": {"config": {"tables": ["cuopon"]}}}})
    assert not result.success
    assert "cuopon" in str(result.all_events)


def test_a_table_that_can_not_be_planned_leaves_the_others_planned(
    run_job: Run, instance: dg.DagsterInstance, registry: Registry, sample: Sample
) -> None:
    sample.execute("shop", "DROP TABLE tb_product")
    assert not run_job("plan_tables").success
    assert [len(keys_of(instance, registry, table)) for table in TABLES] == [2, 11, 0, 10, 3]


def test_nothing_is_planned_of_a_table_whose_mapping_the_check_refuses_unless_told_so(
    run_job: Run, instance: dg.DagsterInstance, registry: Registry, sample: Sample
) -> None:
    sample.execute("shop", "DROP INDEX grade_member")
    result = run_job("plan_tables")
    assert not result.success
    assert "not planned: community.member+shop.tb_member" in str(result.all_events)
    assert [len(keys_of(instance, registry, table)) for table in TABLES] == [2, 0, 6, 10, 3]
    config = {"tables": ["member"], "unchecked": True}
    assert run_job("plan_tables", {"ops": {"plan": {"config": config}}}).success
    assert [len(keys_of(instance, registry, table)) for table in TABLES] == [2, 11, 6, 10, 3]


def test_ranges_copied_without_dagster_are_shown_once(
    project: Project, registry: Registry, instance: dg.DagsterInstance
) -> None:
    category = component_of(registry, "category")
    plan(project, "shop.tb_category")
    list(backfill(project, "shop.tb_category"))
    first, second = show(instance, project, category), show(instance, project, category)
    assert (first.listed, first.done, first.forgotten) == (2, 2, 0)
    assert (second.listed, second.done, second.forgotten) == (0, 0, 0)
    assert instance.get_materialized_partitions(new_key("category")) == set(
        keys_of(instance, registry, "category")
    )


def test_thrown_away_storage_is_rebuilt_from_the_ledger(
    copy: Run,
    run_job: Run,
    project: Project,
    registry: Registry,
    instance: dg.DagsterInstance,
    another_instance: dg.DagsterInstance,
    defs: dg.Definitions,
) -> None:
    run_job("plan_tables")
    assert copy("category").success
    assert copy("member", keys_of(instance, registry, "member")[:3]).success
    assert defs.resolve_job_def("plan_tables").execute_in_process(instance=another_instance).success
    for table in TABLES:
        assert keys_of(another_instance, registry, table) == keys_of(instance, registry, table)
        key = new_key(table)
        assert another_instance.get_materialized_partitions(key) == instance.get_materialized_partitions(key)
    event = another_instance.get_latest_materialization_event(new_key("category"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["rows_read"].value == 5


def test_a_ledger_that_was_set_up_anew_takes_its_ranges_back(
    copy: Run,
    run_job: Run,
    project: Project,
    registry: Registry,
    instance: dg.DagsterInstance,
    sample: Sample,
) -> None:
    run_job("plan_tables")
    copy("category")
    sample.execute("new", "DELETE FROM changeover_range")
    run_job("plan_tables")
    assert instance.get_materialized_partitions(new_key("category")) == set()
    list(backfill(project, "shop.tb_category"))
    show(instance, project, component_of(registry, "category"))
    assert len(instance.get_materialized_partitions(new_key("category"))) == 2
