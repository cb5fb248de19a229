"""A pass keeps its place: what was looked at since it began is not looked at again, whoever did it."""

from __future__ import annotations

from collections.abc import Callable

from changeover.drift.verify import due, verify
from changeover.ledger import verified as ledger
from changeover.project import Project
from tests.drift.tables import fill, mappings
from tests.transfer.rig import Rig, copy

ITEMS = "shop.tb_item"


def moved(rig: Callable[..., Rig]) -> Project:
    made = rig("sqlite", shop="sqlite")
    fill(made)
    project = made.project(*mappings())
    copy(project, rows_per_range=100)
    return project


def begun(project: Project, scope: str, depth: ledger.Depth = "checksums") -> ledger.Pass:
    with project.new.engine.begin() as connection:
        return ledger.begin(connection, scope, depth)


def test_a_pass_leaves_out_what_another_has_looked_at_since(rig: Callable[..., Rig]) -> None:
    project = moved(rig)
    mine, other = begun(project, "mine"), begun(project, "other")
    ranges = due(project, ITEMS, one=mine)
    assert len(ranges) == 4
    assert all(one.equal for one in verify(project, ITEMS, ranges[:2], other))
    assert due(project, ITEMS, one=mine) == ranges[2:]


def test_a_deep_pass_is_not_content_with_checksums_and_the_other_way_round_it_is(
    rig: Callable[..., Rig],
) -> None:
    project = moved(rig)
    deep, quick = begun(project, "deep", "values"), begun(project, "quick")
    ranges = due(project, ITEMS, one=deep)
    list(verify(project, ITEMS, ranges[:1], quick))
    assert due(project, ITEMS, one=deep) == ranges
    list(verify(project, ITEMS, ranges[:2], deep))
    assert due(project, ITEMS, one=deep) == due(project, ITEMS, one=quick) == ranges[2:]


def test_a_new_pass_looks_at_everything_again(rig: Callable[..., Rig]) -> None:
    project = moved(rig)
    one = begun(project, "all")
    list(verify(project, ITEMS, due(project, ITEMS, one=one), one))
    assert due(project, ITEMS, one=one) == []
    assert begun(project, "all").id == one.id
    with project.new.engine.begin() as connection:
        ledger.finish(connection, one)
    assert len(due(project, ITEMS, one=begun(project, "all"))) == 4


def test_ranges_of_another_mapping_than_now_are_not_due(rig: Callable[..., Rig]) -> None:
    project = moved(rig)
    with project.new.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE changeover_range SET fingerprint = 'another' WHERE root = '{ITEMS}' AND no = 2"
        )
    assert [found.no for found in due(project, ITEMS)] == [1, 3, 4]
