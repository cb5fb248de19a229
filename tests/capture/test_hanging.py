"""An old server that hangs in the middle of a transaction on the new one keeps nobody's rows locked."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.binding import Bound
from changeover.dialects.mysql import session as mysql
from changeover.dialects.postgresql import session as postgresql
from changeover.mapping import Mapping, old
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried
from tests.races.gate import SECONDS, Background, Gate, before
from tests.transfer.rig import Rig, assert_settled, copy


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_rows_that_were_written_are_let_go_and_written_again(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        mysql._SIDES,  # pyright: ignore[reportPrivateUsage]
        "new",
        tuple(
            one.replace(f"idle_transaction_timeout = {mysql.IDLE_SECONDS}", "idle_transaction_timeout = 2")
            for one in mysql._SIDES["new"]  # pyright: ignore[reportPrivateUsage]
        ),
    )
    monkeypatch.setitem(postgresql._BOTH, "idle_in_transaction_session_timeout", "2000")  # pyright: ignore[reportPrivateUsage]
    r = rig(kind, shop=kind)
    r.run(
        r.old,
        "CREATE TABLE t (no INTEGER PRIMARY KEY, nm VARCHAR(20), memo VARCHAR(20))",
        "INSERT INTO t VALUES (1, 'a', 'x')",
    )
    r.run(
        r.new,
        "CREATE TABLE first_part (id INTEGER PRIMARY KEY, nm VARCHAR(20), seen INTEGER)",
        "CREATE TABLE second_part (id INTEGER PRIMARY KEY, memo VARCHAR(20))",
    )
    t = old("shop", "t")
    project = r.project(Mapping("first_part", t, {"nm": t.nm}), Mapping("second_part", t, {"memo": t.memo}))
    copy(project)
    r.run(r.old, "UPDATE t SET nm = 'b', memo = 'y'")
    gate = Gate()

    reads: list[str] = []

    def hangs(_source: sa.Connection, bound: Bound, _selection: object) -> None:
        reads.append(bound.mapping.target)
        if bound.mapping.target == "second_part":
            gate()

    before(monkeypatch, sys.modules["changeover.transfer.apply"], "read", hangs)
    move = project.move("shop.t")
    work = Background(
        lambda: retried(
            lambda: apply(project, move, Keys(("1",)), Pool(), exclusive=True),
            ChunkSize(),
            Stop(threading.Event()),
            project.dialect,
        )
    )
    gate.wait()
    with r.new.begin() as application:
        if kind == "mariadb":
            application.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {SECONDS}")
        # While the old server still hangs.
        application.exec_driver_sql("UPDATE first_part SET seen = 1 WHERE id = 1")
    assert reads == ["first_part", "second_part"]
    gate.open()
    work.result()
    assert reads == ["first_part", "second_part"] * 2, "what was written was let go"
    assert r.rows("first_part") == [(1, "b", 1)]
    assert r.rows("second_part") == [(1, "y")]
    assert_settled(project, copy(project))
