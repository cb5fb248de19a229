"""Live sync as it runs: on real triggers, beside backfills, taken over, killed, paused by what broke its capture."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.capture import outbox, sync
from changeover.capture.install import install, uninstall
from changeover.capture.sync import Beat, run
from changeover.dialects import TableName, of
from changeover.errors import ConfigurationError
from changeover.ledger import sync as ledger
from changeover.ledger.ranges import ranges_of
from changeover.mapping import Assigned, Keep, Mapping, join, lookup, old
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill, compare
from tests.races.gate import Background
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
REAPPLY = sys.modules["changeover.transfer.reapply"]


def shop(r: Rig, count: int = 60) -> Project:
    """Members with new ids, and their orders, joined to places; the orders' members are looked up through the id map."""
    metadata = sa.MetaData()
    sa.Table(
        "member",
        metadata,
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("nm", sa.String(30), nullable=False),
    )
    sa.Table(
        "place",
        metadata,
        sa.Column("code", sa.String(10), primary_key=True),
        sa.Column("city", sa.String(30)),
    )
    sa.Table(
        "old_order",
        metadata,
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("mem_no", sa.Integer, nullable=False),
        sa.Column("place", sa.String(10), nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
    )
    metadata.create_all(r.old)
    tables = metadata.tables
    with r.old.begin() as connection:
        connection.execute(tables["member"].insert(), [{"no": n, "nm": f"m{n}"} for n in range(1, 11)])
        connection.execute(tables["place"].insert(), [{"code": c, "city": f"city {c}"} for c in "ab"])
        connection.execute(
            tables["old_order"].insert(),
            [{"no": n, "mem_no": n % 10 + 1, "place": "ab"[n % 2], "amount": n} for n in range(1, count + 1)],
        )
    new = sa.MetaData()
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    sa.Table(
        "members",
        new,
        sa.Column("id", big, primary_key=True),
        sa.Column("name", sa.String(30), nullable=False),
    )
    sa.Table(
        "orders",
        new,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("member_id", big, sa.ForeignKey("members.id"), nullable=False),
        sa.Column("city", sa.String(30)),
        sa.Column("amount", sa.Integer),
    )
    new.create_all(r.new)
    member, place, order = (old("shop", name) for name in ("member", "place", "old_order"))
    return r.project(
        Mapping("members", member, {"name": member.nm}, ids=Assigned()),
        Mapping(
            "orders",
            order,
            {"member_id": lookup("members", order.mem_no), "city": place.city, "amount": order.amount},
            joins=(join(place, place.code == order.place),),
            rows_per_range=20,
        ),
    )


CHANGES = (
    "INSERT INTO member VALUES (50, 'new')",
    "INSERT INTO old_order VALUES (500, 50, 'a', 1)",
    "UPDATE old_order SET amount = amount + 1000 WHERE no BETWEEN 10 AND 30",
    "DELETE FROM old_order WHERE no IN (5, 25, 60)",
    "UPDATE old_order SET no = 501 WHERE no = 7",
    "UPDATE place SET city = 'renamed' WHERE code = 'a'",
    "UPDATE member SET nm = 'm1!' WHERE no = 1",
)


def drain(project: Project) -> list[Beat]:
    """Live sync until the outbox is empty."""
    return list(run(project, "shop", stop=threading.Event(), once=True))


def left(r: Rig) -> int:
    with r.old.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(outbox.outbox)).scalar_one())


def assert_equal(r: Rig, project: Project) -> None:
    """Both sides say the same, by the engine's comparison and by a statement of our own."""
    for root in project.moves:
        assert [one for one in compare(project, root) if not one.equal] == []
    with r.old.connect() as connection:
        wanted = connection.exec_driver_sql(
            "SELECT o.no, m.nm, p.city, o.amount FROM old_order o JOIN member m ON m.no = o.mem_no "
            "JOIN place p ON p.code = o.place ORDER BY o.no"
        ).all()
    with r.new.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT o.id, m.name, o.city, o.amount FROM orders o JOIN members m ON m.id = o.member_id ORDER BY o.id"
        ).all()
    assert [tuple(row) for row in found] == [tuple(row) for row in wanted]


@every_kind
@pytest.mark.parametrize("before", [True, False])
def test_changes_before_and_after_the_backfill_arrive(
    rig: Callable[..., Rig], kind: str, before: bool
) -> None:
    r = rig(kind)
    project = shop(r)
    install(project)
    if before:
        r.run(r.old, *CHANGES)
        drain(project)
        copy(project)
    else:
        copy(project)
        r.run(r.old, *CHANGES)
        beats = drain(project)
        assert beats[-1].lag_keys == 0
        with r.new.connect() as connection:
            synced = ledger.synced(connection)
        assert synced["shop.old_order"].deleted == 4
        assert synced["shop.old_order"].inserted == 2
    assert left(r) == 0
    assert_equal(r, project)


@servers
def test_a_backfill_and_a_live_sync_side_by_side_leave_both_sides_equal(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, 2_000)
    install(project)
    stop = threading.Event()
    syncing = Background(lambda: list(run(project, "shop", stop=stop)))
    for root in project.moves:
        plan(project, root)
    copying = Background(lambda: [done for root in project.moves for done in backfill(project, root)])
    for turn in range(40):
        r.run(
            r.old,
            f"UPDATE old_order SET amount = {turn} WHERE no % 40 = {turn}",
            f"DELETE FROM old_order WHERE no = {turn * 50 + 3}",
            f"INSERT INTO old_order VALUES ({10_000 + turn}, {turn % 10 + 1}, 'b', {turn})",
            f"UPDATE old_order SET no = {20_000 + turn} WHERE no = {turn * 50 + 7}",
        )
    assert {done.error for done in copying.result()} == {None}
    stop.set()
    syncing.result()
    drain(project)
    assert left(r) == 0
    assert_equal(r, project)


@every_kind
def test_without_triggers_nothing_is_begun(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r)
    with pytest.raises(ConfigurationError, match="changeover sync install"):
        drain(project)


@every_kind
def test_what_was_copied_before_its_triggers_stood_is_walked_again(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r)
    copy(project)
    r.run(r.old, "DELETE FROM old_order WHERE no = 8", "UPDATE old_order SET amount = 77 WHERE no = 9")
    install(project)
    with r.new.connect() as connection:
        assert {found.status for found in ranges_of(connection, "shop.old_order")} == {"planned"}
    copy(project)
    assert_equal(r, project)


@every_kind
def test_a_second_live_sync_takes_over_and_the_first_one_stops(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r)
    install(project)
    copy(project)
    first = run(project, "shop", stop=threading.Event())
    next(first)
    drain(project)
    with pytest.raises(ledger.SyncTakenOver):
        list(first)


@every_kind
def test_a_table_whose_trigger_was_dropped_is_paused_until_it_is_repaired(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "WATCH_SECONDS", 0.0)
    r = rig(kind)
    project = shop(r)
    install(project)
    copy(project)
    names = triggers(r, kind, "old_order")
    on = " ON old_order" if kind == "postgres" else ""
    r.run(r.old, *(f"DROP TRIGGER {name}{on}" for name in names))
    r.run(r.old, "UPDATE old_order SET amount = 1 WHERE no = 1", "UPDATE member SET nm = 'x' WHERE no = 2")
    beats = drain(project)
    assert beats[-1].broken == ("old_order",)
    assert left(r) == 0, "the members' change was applied"
    install(project)
    r.run(r.old, "UPDATE old_order SET amount = 2 WHERE no = 2")
    assert drain(project)[-1].broken == ()
    copy(project)
    assert_equal(r, project)


@every_kind
def test_uninstalling_leaves_nothing_and_the_application_goes_on(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r)
    install(project)
    copy(project)
    uninstall(project)
    r.run(r.old, *CHANGES)
    assert not sa.inspect(r.old).has_table(outbox.TABLE)
    assert triggers(r, kind, "old_order") == []


def triggers(r: Rig, kind: str, table: str) -> list[str]:
    statement = {
        "mariadb": "SELECT trigger_name FROM information_schema.triggers "
        "WHERE trigger_schema = DATABASE() AND event_object_table = '{}'",
        "postgres": "SELECT tgname FROM pg_trigger WHERE tgrelid = '{}'::regclass AND NOT tgisinternal",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{}'",
    }[kind]
    with r.old.connect() as connection:
        return [str(name) for name in connection.exec_driver_sql(statement.format(table)).scalars()]


@every_kind
@pytest.mark.parametrize("ids", [Keep(), Assigned()], ids=["kept", "assigned"])
def test_rows_above_the_last_range_are_looked_at_again_after_capture_was_broken(
    rig: Callable[..., Rig], kind: str, ids: Keep | Assigned
) -> None:
    r = rig(kind, shop=kind)
    r.run(
        r.old,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, nm VARCHAR(20))",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    )
    counter = {
        "mariadb": "BIGINT AUTO_INCREMENT PRIMARY KEY",
        "postgres": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    }
    r.run(r.new, f"CREATE TABLE thing (id {counter[kind]}, nm VARCHAR(20))")
    t = old("shop", "t")
    mapping = Mapping("thing", t, {"nm": t.nm}, ids=ids)
    project = r.project(mapping)
    install(project)
    copy(project)
    r.run(r.new, "INSERT INTO thing (nm) VALUES ('the new application')")
    r.run(r.old, "INSERT INTO t VALUES (10, 'c'), (11, 'd')")
    drain(project)
    assert len(r.rows("thing")) == 5
    with r.old.connect() as connection:
        there = of(connection).installed_triggers(
            connection, TableName(outbox.TABLE, of(connection).outbox_schema(connection))
        )
    r.run(r.old, *(drop for one in there for drop in one.drop if drop.startswith("DROP TRIGGER")))
    r.run(r.old, "DELETE FROM t WHERE no IN (2, 11)")
    r.run(r.old, "DELETE FROM t WHERE no = 10")
    again = r.project(mapping)
    drain(again)
    install(again)
    assert sum(one.extra for one in compare(again, "shop.t")) == 3
    copy(again)
    assert sorted(nm for (nm,) in r.rows("thing", "nm")) == ["a", "the new application"]
    assert [one for one in compare(again, "shop.t") if not one.equal] == []


def test_changes_do_not_wait_for_a_pass_over_many_waiting_rows(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(REAPPLY, "PAGE", 5)
    monkeypatch.setattr(sync, "WAITING_SECONDS", 0.0)
    r = rig("mariadb")
    project = shop(r)
    install(project)
    copy(project)
    r.run(r.old, "DELETE FROM member WHERE no > 5")
    r.run(r.new, "DELETE FROM orders", "DELETE FROM members")
    copy_orders = list(backfill(project, "shop.old_order"))
    assert all(one.error is None for one in copy_orders)
    assert len(r.rejects()) == 60
    with r.old.begin() as connection:
        connection.execute(sa.delete(outbox.outbox))
    stop, pages, arrived = threading.Event(), list[int](), list[int]()
    work: Any = REAPPLY.apply_keys

    def page(*args: Any, **options: Any) -> Iterator[Any]:
        """The application changes a row during the second page."""
        if len(pages) == 2:
            arrived.append(left(r))
            stop.set()
        for part in work(*args, **options):
            pages.append(1)
            if len(pages) == 2:
                r.run(r.old, "UPDATE member SET nm = 'meanwhile' WHERE no = 1")
            yield part

    monkeypatch.setattr(REAPPLY, "apply_keys", page)
    list(run(project, "shop", stop=stop))
    assert arrived == [0]


def test_an_end_tries_all_waiting_rows_even_in_the_middle_of_a_pass(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parent comes after its child's last turn in the pass that is under way, and then nothing more comes."""
    monkeypatch.setattr(REAPPLY, "PAGE", 1)
    monkeypatch.setattr(sync, "WAITING_SECONDS", 0.0)
    monkeypatch.setattr(sync, "WAITING_SHARE", 1)
    r = rig("mariadb")
    project = shop(r)
    install(project)
    copy(project)
    r.run(r.old, "DELETE FROM old_order WHERE no > 2", "DELETE FROM member")
    r.run(r.new, "DELETE FROM orders", "DELETE FROM members")
    assert all(one.error is None for one in backfill(project, "shop.old_order"))
    first, second = sorted(r.reject_keys())
    with r.old.begin() as connection:
        connection.execute(sa.delete(outbox.outbox))
    r.run(r.old, "INSERT INTO member (no, nm) VALUES (1000, 'keeps the loop busy')")
    pages: list[str] = []
    work: Any = REAPPLY.apply_keys

    def page(*args: Any, **options: Any) -> Iterator[Any]:
        for part in work(*args, **options):
            pages.extend(part.keys)
            if len(pages) < 3:
                r.run(r.old, f"INSERT INTO member (no, nm) VALUES ({1000 + len(pages)}, 'goes on')")
            if len(pages) == 3:
                r.run(
                    r.old,
                    "INSERT INTO member (no, nm) SELECT mem_no, 'parent' FROM old_order WHERE no = 1",
                )
            yield part

    monkeypatch.setattr(REAPPLY, "apply_keys", page)
    list(run(project, "shop", stop=threading.Event(), once=True))
    assert pages[:4] == [first, second, first, second]
    assert list(r.reject_keys()) == [second]
