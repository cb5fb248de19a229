"""Races, each in the order that would hurt."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover import planning
from changeover.ledger import mappings as ledger_mappings
from changeover.ledger import ranges as ledger_ranges
from changeover.ledger import rejects as ledger_rejects
from changeover.mapping import Assigned, Mapping, lookup, old
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill as run
from changeover.transfer import chunk_size
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried
from changeover.transfer.write import Writer
from tests.races.gate import SECONDS, Background, Gate, after, before
from tests.transfer.image_scene import notes
from tests.transfer.image_scene import shop as images_shop
from tests.transfer.rig import KINDS, Rig, assert_settled, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BACKFILL = sys.modules["changeover.transfer.backfill"]
APPLY = sys.modules["changeover.transfer.apply"]


def people(r: Rig, count: int = 20, unique: bool = False) -> sa.Table:
    """An old table of people, and a new one."""
    metadata = sa.MetaData()
    table = sa.Table(
        "person", metadata, sa.Column("no", sa.Integer, primary_key=True), sa.Column("nm", sa.String(30))
    )
    for engine in r.olds.values():
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(table.insert(), [{"no": n, "nm": f"n{n}"} for n in range(1, count + 1)])
    new = sa.Table(
        "people",
        sa.MetaData(),
        sa.Column("id", BIG, primary_key=True),
        sa.Column("name", sa.String(30), unique=unique),
    )
    new.create(r.new)
    return new


def kept(r: Rig) -> Project:
    person = old("shop", "person")
    return r.project(Mapping("people", person, {"name": person.nm}))


def assigned(r: Rig, match: tuple[str, ...] = (), database: str = "shop") -> Project:
    person = old(database, "person")
    return r.project(Mapping("people", person, {"name": person.nm}, ids=Assigned(match)))


def persistent(project: Project, root: str, keys: tuple[str, ...], *, exclusive: bool) -> None:
    """Apply as live sync does: alone, and again when it has to give way."""
    move, pool = project.move(root), Pool()
    work = lambda: apply(project, move, Keys(keys), pool, exclusive=exclusive)  # noqa: E731
    retried(work, ChunkSize(), Stop(threading.Event()), project.dialect, project.old["shop"].dialect)


@every_kind
def test_a_row_deleted_between_the_page_and_its_read_stays_deleted(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    new = people(r)
    project = kept(r)
    plan(project, "shop.person")
    once = iter([True])

    def delete(*_: Any, **__: Any) -> None:
        if next(once, False):
            r.run(r.old, "DELETE FROM person WHERE no IN (7, 20)")

    after(monkeypatch, BACKFILL, "page_end", delete)
    done = list(run(project, "shop.person"))
    assert {row[0] for row in r.rows(new)} == set(range(1, 21)) - {7, 20}
    assert_settled(project, done)


@every_kind
def test_what_was_read_before_a_change_is_not_written_after_it(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    new = people(r)
    project, other = kept(r), kept(r)
    assert other.moves
    plan(project, "shop.person")
    gate, locked = Gate(), threading.Event()
    after(monkeypatch, type(project.old["shop"].dialect), "read", lambda *_: gate())
    copier = Background(lambda: list(run(project, "shop.person")))
    gate.wait()
    r.run(r.old, "UPDATE person SET nm = 'newer' WHERE no = 3", "DELETE FROM person WHERE no = 4")
    after(
        monkeypatch, type(project.dialect), "lock", lambda *_, exclusive: locked.set() if exclusive else None
    )
    applier = Background(lambda: persistent(other, "shop.person", ("3", "4"), exclusive=True))
    assert not applier.ends_within(0.5)
    assert not locked.is_set()
    gate.open()
    done = copier.result()
    applier.result()
    rows = dict(r.rows(new))
    assert rows[3] == "newer"
    assert 4 not in rows
    assert_settled(project, done)


@servers
def test_of_two_copiers_of_one_range_the_first_gives_way(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    new = people(r, 50)
    first, second = assigned(r), assigned(r)
    plan(first, "shop.person")
    assert second.moves
    gate = Gate()
    after(monkeypatch, type(first.old["shop"].dialect), "read", lambda *_: gate())
    copier = Background(lambda: list(run(first, "shop.person")))
    gate.wait()
    (done,) = run(second, "shop.person")
    assert done.error is None
    gate.open()
    (late,) = copier.result()
    assert late.error
    assert "taken over" in late.error
    assert late.range.status == "done"
    assert sorted(name for _, name in r.rows(new)) == sorted(f"n{n}" for n in range(1, 51))
    assert r.rejects() == []
    assert_settled(second, [done])


@servers
@pytest.mark.parametrize("point", ["stage", "advance"])
def test_two_copiers_of_rows_that_match_make_one_row_of_two(
    rig: Callable[..., Rig], kind: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind, shop="sqlite", community="sqlite")
    new = people(r, 30, unique=True)
    shop, community = assigned(r, ("name",)), assigned(r, ("name",), "community")
    plan(shop, "shop.person")
    plan(community, "community.person")
    gate, staged = Gate(), threading.Event()
    if point == "stage":
        after(monkeypatch, type(shop.dialect), "stage", lambda *_: gate())
    else:
        after(monkeypatch, ledger_ranges, "advance", lambda *_: gate())
    one = Background(lambda: list(run(shop, "shop.person")))
    gate.wait()
    after(monkeypatch, type(shop.dialect), "stage", lambda *_: staged.set())
    two = Background(lambda: list(run(community, "community.person")))
    assert staged.wait(SECONDS)
    gate.open()
    done = [*one.result(), *two.result()]
    assert [d.error for d in done] == [None, None]
    assert sorted(name for _, name in r.rows(new)) == sorted(f"n{n}" for n in range(1, 31))
    assert r.rejects() == []
    ids = {row[0] for row in r.rows("changeover_id_map", "target_id")}
    assert ids == {i for i, _ in r.rows(new)}
    assert len(r.rows("changeover_id_map")) == 60
    assert_settled(shop, done[:1])


@servers
def test_a_parent_that_comes_while_its_child_is_copied_lets_the_child_in(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there for the question who lacks a parent, and was not for the write."""
    r = rig(kind, workers=1)
    r.run(
        r.old,
        "CREATE TABLE node (no INT PRIMARY KEY, up INT)",
        "INSERT INTO node VALUES (1, NULL), (2, 1)",
    )
    new = sa.Table(
        "nodes",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("nodes.id")),
    )
    new.create(r.new)
    node = old("shop", "node")
    mapping = Mapping("nodes", node, {"parent_id": lookup("nodes", node.up)}, ids=Assigned())
    child, parent = r.project(mapping), r.project(mapping)
    first, second = plan(child, "shop.node", rows_per_range=1)
    copied = iter([first.name])

    def copy_the_parent(*_: Any) -> None:
        if name := next(copied, None):
            assert [done.error for done in run(parent, "shop.node", [name])] == [None]

    after(monkeypatch, Writer, "_descend", copy_the_parent)
    assert [done.error for done in run(child, "shop.node", [second.name])] == [None]
    assert r.rejects() == []
    assert len(r.rows(new)) == 2


@servers
def test_a_child_whose_parent_goes_while_it_is_copied_waits(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    people(r, 3)
    child = sa.Table(
        "child", sa.MetaData(), sa.Column("no", sa.Integer, primary_key=True), sa.Column("person", sa.Integer)
    )
    child.create(r.old)
    r.run(r.old, *(child.insert().values(no=n, person=n) for n in (1, 2, 3)))
    children = sa.Table(
        "children",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.BigInteger, nullable=False),
    )
    children.create(r.new)
    r.run(r.new, "ALTER TABLE children ADD FOREIGN KEY (person_id) REFERENCES people (id)")
    p, c = old("shop", "person"), old("shop", "child")
    project = r.project(
        Mapping("people", p, {"name": p.nm}),
        Mapping("children", c, {"person_id": lookup("people", c.person)}),
    )
    copy(project, "shop.person")
    plan(project, "shop.child")
    gate = Gate()
    after(monkeypatch, type(project.dialect), "stage", lambda *_: gate())
    copier = Background(lambda: list(run(project, "shop.child")))
    gate.wait()
    r.run(r.old, "DELETE FROM person WHERE no = 2")
    persistent(project, "shop.person", ("2",), exclusive=True)
    gate.open()
    (done,) = copier.result()
    assert done.error is None
    assert r.rows(children) == [(1, 1), (3, 3)]
    assert r.reject_keys() == {"2": "waiting"}
    assert_settled(project, [done])


@every_kind
def test_two_planners_at_once_make_one_plan(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    people(r, 95)
    projects = [kept(r), kept(r)]
    assert all(project.moves for project in projects)
    barrier = threading.Barrier(2, timeout=SECONDS)
    seen = threading.local()

    def together(*_: Any, **__: Any) -> None:
        if not getattr(seen, "yes", False):
            seen.yes = True
            barrier.wait()

    before(monkeypatch, planning, "page_end", together)
    planners = [
        Background(lambda p=project: plan(p, "shop.person", rows_per_range=10)) for project in projects
    ]
    added = [planner.result() for planner in planners]
    with r.new.connect() as connection:
        found = ledger_ranges.ranges_of(connection, "shop.person")
    assert [one.no for one in found] == list(range(1, 11))
    assert [one.lower for one in found] == [None, *(one.upper for one in found[:-1])]
    assert found[-1].upper == ("95",)
    assert sum(one.rows_planned for one in found) == 95
    assert sorted(one.no for some in added for one in some) == list(range(1, 11))


@every_kind
def test_two_processes_register_the_same_mappings(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    people(r, 5)
    projects = [kept(r), kept(r), kept(r)]
    barrier = threading.Barrier(3, timeout=SECONDS)
    seen = threading.local()

    def together(*_: Any, **__: Any) -> None:
        if not getattr(seen, "yes", False):
            seen.yes = True
            barrier.wait()

    after(monkeypatch, ledger_mappings, "_missing_locks", together)
    done = [
        Background(lambda p=project: ledger_mappings.register(p.new.engine, p.registry.mappings))
        for project in projects
    ]
    assert len({repr(one.result()) for one in done}) == 1
    assert len(r.rows("changeover_mapping")) == 1
    assert len(r.rows("changeover_table_lock")) == 1


@servers
def test_the_new_application_goes_on_inserting_while_ids_are_assigned(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk_size, "MOST", 100)
    r = rig(kind)
    new = people(r, 3_000)
    project = assigned(r)
    stop, more = threading.Event(), threading.Semaphore(0)
    inserted = 0

    def application() -> None:
        nonlocal inserted
        while not stop.is_set():
            r.run(r.new, new.insert().values(name=f"own{inserted}"))
            inserted += 1
            more.release()

    application_thread = Background(application)
    try:
        # Rows of its own come in between any two chunks, however fast either side is.
        done = copy(project, rows_per_range=500, on_chunk=lambda _: more.acquire(timeout=SECONDS))
    finally:
        stop.set()
    application_thread.result()
    names = sorted(name for _, name in r.rows(new))
    assert names == sorted([f"n{n}" for n in range(1, 3_001)] + [f"own{n}" for n in range(inserted)])
    assert inserted >= 30
    assert r.rejects() == []
    assert_settled(project, done)


def test_ids_are_found_under_comments_and_partitions(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb")
    people(r, 30)
    r.run(
        r.new,
        "DROP TABLE people",
        "CREATE TABLE people (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(30) COMMENT 'x) AUTO_INCREMENT=1') "
        "COMMENT='people (all) AUTO_INCREMENT=5' PARTITION BY HASH (id) PARTITIONS 3",
        "INSERT INTO people (name) VALUES ('own1'), ('own2')",
    )
    project = assigned(r)
    done = copy(project)
    assert sorted(name for _, name in r.rows("people")) == sorted(
        ["own1", "own2", *(f"n{n}" for n in range(1, 31))]
    )
    assert r.rejects() == []
    assert_settled(project, done)


@servers
def test_two_who_find_a_root_without_its_parent_at_once_both_end(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    r.run(r.old, "CREATE TABLE note (no INTEGER PRIMARY KEY, up INTEGER)", "INSERT INTO note VALUES (1, 7)")
    r.run(
        r.new,
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, up INTEGER REFERENCES notes (id))",
    )
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"up": lookup("notes", note.up)}))
    move, gate = project.move("shop.note"), Gate()
    after(monkeypatch, ledger_rejects, "_of", lambda *_: gate())
    late = Background(lambda: apply(project, move, Keys(("1",)), Pool()))
    gate.wait()  # it has seen that there is no reject yet
    assert apply(project, move, Keys(("1",)), Pool()).rejected == 1
    gate.open()
    assert late.result().rejected == 1
    assert r.reject_keys() == {"1": "waiting"}


@servers
def test_two_who_write_a_row_without_its_image_at_once_both_end(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = images_shop(r, [(1, "1.png")])
    move, gate = project.move("shop.tb_product"), Gate()
    after(monkeypatch, APPLY, "_noted", lambda *_: gate())
    late = Background(lambda: apply(project, move, Keys(("1",)), Pool()))
    gate.wait()  # it has seen that there is no note yet
    assert apply(project, move, Keys(("1",)), Pool()).inserted == 1
    gate.open()
    assert late.result().unchanged == 1
    assert notes(r) == [("1", "1.png")]
    assert r.rows("product") == [(1, "1.png")]
