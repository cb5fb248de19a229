"""Copiers and appliers, each in the order that would hurt. Entries are written as triggers do: in the change's transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.capture import outbox
from changeover.capture.consume import Round, consume
from changeover.capture.source import Source
from changeover.dialects import BlockTooLarge, TableName
from changeover.ledger.rejects import open_count
from changeover.mapping import Mapping, join, lookup, old
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill, by_keys, chunk_size, compare
from changeover.transfer.by_keys import KEYS_AT_ONCE
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.reapply import reapply_waiting
from tests.races.gate import Background, Gate, after, before
from tests.transfer.image_scene import mapped, shop
from tests.transfer.rig import KINDS, Rig, copy

servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
every_kind = pytest.mark.parametrize("kind", KINDS)
NEVER = threading.Event()


def people(r: Rig, count: int = 20) -> Project:
    """Old and new tables of people, with an outbox, planned."""
    outbox.metadata.create_all(r.old)
    columns = [sa.Column("no", sa.Integer, primary_key=True), sa.Column("nm", sa.String(30))]
    table = sa.Table("person", sa.MetaData(), *columns)
    table.create(r.old)
    with r.old.begin() as connection:
        connection.execute(table.insert(), [{"no": n, "nm": f"n{n}"} for n in range(1, count + 1)])
    sa.Table(
        "people",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(30)),
    ).create(r.new)
    person = old("shop", "person")
    project = r.project(Mapping("people", person, {"name": person.nm}))
    plan(project, "shop.person")
    return project


def change(r: Rig, statement: str, *keys: object, source: str = "person") -> None:
    """A change of the old application, and what its triggers note."""
    now = sa.literal_column("'2026-01-01 00:00:00'")
    with r.old.begin() as connection:
        connection.exec_driver_sql(statement)
        for key in keys:
            connection.execute(outbox.outbox.insert().values(source=source, row_key=str(key), at=now))


def applied(project: Project, *sources: Source) -> Round:
    """A round of live sync."""
    known = sources or (
        Source("person", TableName("person"), "shop.person", project.move("shop.person").key),
    )
    return consume(project, "shop", {source.name: source for source in known}, Pool(), 1_000, NEVER)


def left(r: Rig) -> int:
    with r.old.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(outbox.outbox)).scalar_one())


def assert_equal(r: Rig, project: Project) -> None:
    """Both sides hold the same, and nothing waits."""
    assert left(r) == 0
    assert r.rows("people") == r.rows_of(r.old, "person")
    assert [one for one in compare(project, "shop.person") if not one.equal] == []


@every_kind
def test_changes_are_applied_as_rows_are_now(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r)
    copy(project)
    change(r, "INSERT INTO person VALUES (100, 'new')", 100)
    change(r, "UPDATE person SET nm = 'changed' WHERE no = 3", 3)
    change(r, "UPDATE person SET nm = 'changed again' WHERE no = 3", 3)
    change(r, "DELETE FROM person WHERE no = 4", 4)
    change(r, "UPDATE person SET no = 200 WHERE no = 5", 5, 200)
    done = applied(project)
    assert done.entries == 6
    assert done.roots["shop.person"]["keys_applied"] == 5
    assert_equal(r, project)


@servers
def test_a_row_deleted_while_its_chunk_is_copied_stays_deleted(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r, gate = rig(kind), Gate()
    project = people(r)
    after(monkeypatch, type(project.old["shop"].dialect), "read", lambda *_: gate())
    copier = Background(lambda: list(backfill(project, "shop.person")))
    gate.wait()  # the chunk is read, its lock is held
    change(r, "DELETE FROM person WHERE no = 7", 7)
    applier = Background(lambda: applied(project))
    assert not applier.ends_within(0.5), "it must wait for the copier's lock"
    gate.open()
    copier.result()
    assert applier.result().entries == 1
    assert_equal(r, project)


@servers
def test_a_copier_waits_for_an_applier_and_reads_what_it_left(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r, gate = rig(kind), Gate()
    project = people(r)
    change(r, "UPDATE person SET nm = 'first' WHERE no = 7", 7)
    after(monkeypatch, type(project.old["shop"].dialect), "read", lambda *_: gate())
    applier = Background(lambda: applied(project))
    gate.wait()  # the applier has read row 7, and holds the lock alone
    change(r, "UPDATE person SET nm = 'second' WHERE no = 7", 7)
    copier = Background(lambda: list(backfill(project, "shop.person")))
    assert not copier.ends_within(0.5), "it must wait for the applier's lock"
    gate.open()
    applier.result()
    copier.result()
    assert dict(r.rows("people"))[7] == "second"
    assert left(r) == 1, "a change that was not read is still noted"
    applied(project)
    assert_equal(r, project)


@every_kind
def test_a_key_that_changes_before_its_range_is_copied_leaves_no_row_behind(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = people(r)
    change(r, "UPDATE person SET no = 500 WHERE no = 5", 5, 500)
    applied(project)  # the target has 500 alone
    change(r, "UPDATE person SET no = 6000 WHERE no = 500", 500, 6000)
    copy(project)
    applied(project)
    assert_equal(r, project)


@servers
def test_an_entry_that_becomes_visible_after_a_higher_one_is_not_passed_over(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = people(r)
    copy(project)
    slow = r.old.connect()
    slow.exec_driver_sql("UPDATE person SET nm = 'slow' WHERE no = 1")
    slow.execute(outbox.outbox.insert().values(source="person", row_key="1", at="2026-01-01 00:00:00"))
    change(r, "UPDATE person SET nm = 'quick' WHERE no = 2", 2)
    assert applied(project).entries == 1
    slow.commit()
    slow.close()
    assert applied(project).entries == 1
    assert_equal(r, project)


@every_kind
def test_what_was_applied_and_not_acknowledged_is_applied_again(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = people(r)
    copy(project)
    change(r, "UPDATE person SET nm = 'changed' WHERE no = 3", 3)
    with monkeypatch.context() as patch:

        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(outbox, "delete", die)
        with pytest.raises(KeyboardInterrupt):
            applied(project)
    assert dict(r.rows("people"))[3] == "changed"
    assert left(r) == 1
    change(r, "DELETE FROM person WHERE no = 3", 3)
    assert applied(project).entries == 2
    assert_equal(r, project)


@servers
def test_two_appliers_of_one_change_agree(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r, gate = rig(kind), Gate()
    project = people(r)
    copy(project)
    change(r, "UPDATE person SET nm = 'first' WHERE no = 3", 3)
    after(monkeypatch, type(project.old["shop"].dialect), "read", lambda *_: gate())
    one = Background(lambda: applied(project))
    gate.wait()
    change(r, "UPDATE person SET nm = 'second' WHERE no = 3", 3)
    two = Background(lambda: applied(project))
    assert not two.ends_within(0.5), "one holds the lock alone"
    gate.open()
    one.result()
    two.result()
    applied(project)
    assert_equal(r, project)


@every_kind
def test_many_entries_of_one_key_are_one_application(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r)
    copy(project)
    change(r, "UPDATE person SET nm = 'changed' WHERE no = 3", *[3] * 50)
    done = applied(project)
    assert (done.entries, done.roots["shop.person"]["keys_applied"]) == (50, 1)
    assert_equal(r, project)


@every_kind
def test_entries_of_other_sources_stay_where_they_are(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r)
    copy(project)
    change(r, "UPDATE person SET nm = nm WHERE no = 3", 3, source="nobody's")
    assert applied(project).entries == 0
    assert left(r) == 1


def orders(r: Rig, count: int) -> Project:
    """Orders, each joined to its shop, by the shop's code."""
    metadata = sa.MetaData()
    shop = sa.Table(
        "shop",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("name", sa.String(30)),
    )
    order = sa.Table(
        "old_order",
        metadata,
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("shop_code", sa.String(10)),
    )
    metadata.create_all(r.old)
    outbox.metadata.create_all(r.old)
    with r.old.begin() as connection:
        connection.execute(shop.insert(), [{"id": n, "code": f"s{n}", "name": f"shop {n}"} for n in (1, 2)])
        rows = [{"no": n, "shop_code": f"s{n % 2 + 1}"} for n in range(1, count + 1)]
        connection.execute(order.insert(), rows)
    sa.Table(
        "orders",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("shop", sa.String(30)),
    ).create(r.new)
    root, other = old("shop", "old_order"), old("shop", "shop")
    joined = Mapping("orders", root, {"shop": other.name}, joins=(join(other, other.code == root.shop_code),))
    project = r.project(joined)
    copy(project)
    return project


def shops(project: Project) -> Source:
    from changeover.keyset.key import Key, KeyColumn

    move = project.move("shop.old_order")
    shape = project.old["shop"].table(TableName("shop"))
    assert shape is not None
    code = shape.column("code")
    assert code is not None
    assert code.kind is not None
    key = Key((KeyColumn("code", code.kind, code.type),), move.key.family)
    return Source("old_order.1:shop", TableName("shop"), move.root, key, (move.mapping.root.shop_code,))


@every_kind
def test_a_joined_row_leads_to_all_its_roots_a_page_at_a_time(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    count = 2 * KEYS_AT_ONCE + 501
    project = orders(r, count)
    source = shops(project)
    change(r, "UPDATE shop SET name = 'renamed' WHERE code = 's1'", "s1", source=source.name)
    done = applied(project, source)
    assert done.roots["shop.old_order"]["updated"] == count // 2
    assert {name for _, name in r.rows("orders")} == {"renamed", "shop 2"}
    change(r, "UPDATE shop SET code = 's3' WHERE code = 's2'", "s2", "s3", source=source.name)
    done = applied(project, source)
    assert done.roots["shop.old_order"]["deleted"] == count - count // 2
    assert [one for one in compare(project, "shop.old_order") if not one.equal] == []


@every_kind
def test_a_child_waits_for_its_parent_and_is_neither_lost_nor_made_null(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    metadata = sa.MetaData()
    for name, more in (("parent", []), ("child", [sa.Column("parent_no", sa.Integer)])):
        sa.Table(name, metadata, sa.Column("no", sa.Integer, primary_key=True), *more)
    metadata.create_all(r.old)
    outbox.metadata.create_all(r.old)
    new = sa.MetaData()
    sa.Table("parents", new, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    sa.Table(
        "children",
        new,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("parent_id", sa.ForeignKey("parents.id")),
    )
    new.create_all(r.new)
    parent, child = old("shop", "parent"), old("shop", "child")
    project = r.project(
        Mapping("parents", parent, {}),
        Mapping("children", child, {"parent_id": lookup("parents", child.parent_no)}),
    )
    copy(project)
    sources = [
        Source(name, TableName(name), f"shop.{name}", project.move(f"shop.{name}").key)
        for name in ("parent", "child")
    ]
    change(r, "INSERT INTO child VALUES (1, 9)", 1, source="child")
    applied(project, *sources)
    bound = project.move("shop.child").bounds[0]
    with r.new.connect() as connection:
        assert open_count(connection, bound.id, kind="waiting") == 1
    assert r.rows("children") == []
    assert left(r) == 0
    change(r, "INSERT INTO parent VALUES (9)", 9, source="parent")
    applied(project, *sources)
    reapply_waiting(project, project.move("shop.child"), Pool(), stop=NEVER)
    assert r.rows("children") == [(1, 9)]
    with r.new.connect() as connection:
        assert open_count(connection, bound.id) == 0


@servers
def test_an_applier_that_lost_the_old_server_leaves_its_entries(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = people(r)
    copy(project)
    change(r, "UPDATE person SET nm = 'changed' WHERE no = 3", 3)
    once = iter([True])

    def cut(_: object, connection: sa.Connection, *__: object) -> None:
        if next(once, False):
            number = "CONNECTION_ID()" if kind == "mariadb" else "pg_backend_pid()"
            session = connection.exec_driver_sql(f"SELECT {number}").scalar_one()
            end = f"KILL {session}" if kind == "mariadb" else f"SELECT pg_terminate_backend({session})"
            r.run(r.new, end)

    before(monkeypatch, type(project.old["shop"].dialect), "read", cut)
    assert applied(project).entries == 1
    assert_equal(r, project)


def test_pages_of_rows_that_may_name_many_images_grow_while_they_are_quick(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("mariadb")
    outbox.metadata.create_all(r.old)
    shop(r, [(no, f"<img src='{no}.png'>") for no in range(1, 2001)])
    project = r.project(mapped(form="html"))
    move, sizes, asked = project.move("shop.tb_product"), dict[str, ChunkSize](), list[int]()
    change(r, "DO 0", *range(1, 1001), source="tb_product")
    before(monkeypatch, by_keys, "apply", lambda _p, _m, keys, *_, **__: asked.append(len(keys.encoded)))
    source = Source("tb_product", TableName("tb_product"), move.mapping.root_name, move.key)
    monkeypatch.setattr(chunk_size, "SECONDS", 60.0)  # the machine may be busy
    consume(project, "shop", {source.name: source}, Pool(), 1_000, NEVER, sizes)
    assert asked == [50, 200, 750]
    assert len(r.rows("product")) == 1000
    change(r, "DO 0", *range(1001, 2001), source="tb_product")
    asked.clear()
    consume(project, "shop", {source.name: source}, Pool(), 1_000, NEVER, sizes)
    assert asked == [800, 200]


def test_a_page_that_the_old_server_can_not_send_is_asked_for_in_parts(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("mariadb")
    project, asked = people(r), list[int]()
    change(r, "UPDATE person SET nm = 'other'", *range(1, 21))
    work = by_keys.apply

    def narrow(project: Project, move: Any, keys: Any, *args: Any, **options: Any) -> Any:
        asked.append(len(keys.encoded))
        if len(keys.encoded) > 5:
            raise BlockTooLarge("as a server says whose packets are small")
        return work(project, move, keys, *args, **options)

    monkeypatch.setattr(by_keys, "apply", narrow)
    monkeypatch.setattr(by_keys, "KEYS_AT_FIRST", 20)
    assert applied(project).roots["shop.person"]["keys_applied"] == 20
    assert asked[:2] == [20, 5]
    assert_equal(r, project)


def test_waiting_for_copiers_makes_no_page_smaller(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("mariadb")
    project, asked = people(r, 600), list[int]()
    change(r, "UPDATE person SET nm = 'other'", *range(1, 601))
    before(monkeypatch, by_keys, "apply", lambda _p, _m, keys, *_, **__: asked.append(len(keys.encoded)))
    before(monkeypatch, type(project.dialect), "lock", lambda *_, **__: time.sleep(0.6))
    assert applied(project).roots["shop.person"]["keys_applied"] == 600
    assert asked == [250, 350]


def test_what_was_slow_once_is_not_slow_for_good(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb")
    project = people(r, 600)
    size = ChunkSize(1, most=1)
    keys = [str(n) for n in range(1, 601)]
    sizes = [
        len(part.keys)
        for part in by_keys.apply_keys(project, project.move("shop.person"), keys, Pool(), NEVER, size=size)
    ]
    assert sizes[:3] == [1, 4, 16]
    assert sum(sizes) == 600
