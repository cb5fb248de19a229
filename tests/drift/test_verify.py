"""Drift is found where it is, as what it is, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changeover.ledger.verified import Depth
from changeover.mapping import Mapping
from changeover.mapping import old as old_table
from tests.drift.faults import Faults
from tests.drift.rig import drift, mended, verified
from tests.drift.tables import NEW, fill, mappings
from tests.mysql_kind import ON_MYSQL
from tests.transfer.rig import PAIRS, SHORT_PAIRS, Rig, copy, counts

Rigs = Callable[..., Rig]
ITEMS = "shop.tb_item"


@pytest.mark.parametrize(("old", "new"), SHORT_PAIRS)
def test_equal_sides_are_found_equal_by_checksums_alone(rig: Rigs, old: str, new: str) -> None:
    made = rig(new, shop=old)
    fill(made)
    project = made.project(*mappings())
    assert all(done.error is None for done in copy(project, rows_per_range=150))
    found = verified(project)
    assert drift(project, found) == {}
    assert all(one.equal for one in found)
    ids = {bound.id: bound.mapping.target for move in project.moves.values() for bound in move.bounds}
    by_value = {ids[one.mapping_id]: 0 for ended in found for one in ended.results}
    compared = dict(by_value)
    for ended in found:
        for one in ended.results:
            by_value[ids[one.mapping_id]] += one.by_value
            compared[ids[one.mapping_id]] += one.compared
    assert compared == {"area": 9, "member": 100, "item": 360, "note": 360, "line": 200}
    # A text key and a Python function can't be summed up.
    assert by_value == {"area": 9, "member": 0, "item": 0, "note": 0, "line": 200}


@pytest.mark.parametrize("depth", ["checksums", "values"])
@pytest.mark.parametrize(("old", "new"), SHORT_PAIRS)
def test_each_seeded_fault_is_found_and_mended_and_none_is_invented(
    rig: Rigs, old: str, new: str, depth: Depth
) -> None:
    assert_found_and_mended(rig(new, shop=old), depth, seed=7, times=4)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_hundreds_of_seeded_faults_are_found_and_mended_on_every_pair(
    rig: Rigs, old: str, new: str, seed: int
) -> None:
    assert_found_and_mended(rig(new, shop=old), "checksums", seed=seed, times=9)


def assert_found_and_mended(made: Rig, depth: Depth, seed: int, times: int) -> None:
    """Faults are found as what they are, said by a dry run, mended, and gone; nothing else is found or written."""
    fill(made)
    project = made.project(*mappings(exclusive=True))
    copy(project, rows_per_range=150)
    faults = Faults(made, seed)
    faults.all_kinds(times)
    faults.area()
    assert drift(project, verified(project, depth=depth)) == faults.expected

    before = [made.rows(table) for table in NEW.sorted_tables]
    planned = mended(project, dry_run=True)
    told = {(one.target, one.key): (one.kind, one.columns) for one in planned}
    assert told == {(t, k): what for t, rows in faults.expected.items() for k, what in rows.items()}
    assert [made.rows(table) for table in NEW.sorted_tables] == before

    assert all(one.mended for one in mended(project))
    again = verified(project, depth=depth)
    assert drift(project, again) == {}
    assert all(one.equal for one in again)
    assert counts(copy(project), "inserted", "updated", "deleted") == (0, 0, 0)


@pytest.mark.parametrize("name", ["md5", "sha256"])
@pytest.mark.parametrize(
    ("old_kind", "kind"),
    [("mariadb", "mariadb"), ("postgres", "postgres"), ("mariadb", "sqlite"), ("sqlite", "postgres")],
)
def test_servers_without_a_digest_of_their_own_in_common_find_the_same(
    rig: Rigs, old_kind: str, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "md5" and ON_MYSQL and old_kind == "mariadb":
        pytest.skip("MySQL has put it into a component")
    made = rig(kind, shop=old_kind)
    fill(made)
    project = made.project(*mappings(exclusive=True))
    for dialect in (project.dialect, project.old["shop"].dialect):
        monkeypatch.setattr(type(dialect), "digests", lambda *_: (name,))
    copy(project, rows_per_range=150)
    found = verified(project)
    assert drift(project, found) == {}
    assert not any(one.by_value for ended in found for one in ended.results if ended.range.root == ITEMS)
    faults = Faults(made, seed=3)
    faults.all_kinds(1)
    assert drift(project, verified(project)) == faults.expected


def test_sums_that_two_servers_spell_otherwise_are_given_up_and_nothing_is_called_drift(rig: Rigs) -> None:
    made = rig("postgres", shop="mariadb")
    made.run(made.old, "CREATE TABLE doc (no INT PRIMARY KEY, body LONGTEXT)")
    made.run(made.new, "CREATE TABLE document (id INT PRIMARY KEY, body JSONB)")
    rows = ", ".join(f"""({n}, '{{"b":{n},"a":1}}')""" for n in range(1, 201))
    made.run(made.old, f"INSERT INTO doc VALUES {rows}")
    table = old_table("shop", "doc")
    project = made.project(Mapping("document", table, {"body": table.body}))
    copy(project)
    found = verified(project)
    assert drift(project, found) == {}
    assert [(one.compared, one.by_value) for ended in found for one in ended.results] == [(200, 200)]
    made.run(made.new, """UPDATE document SET body = '{"a": 1, "b": 0}' WHERE id = 7""")
    assert drift(project, verified(project)) == {"document": {"7": ("different", ("body",))}}
