"""Runs killed by SIGKILL at every step of the way: what was committed stays, what wasn't leaves nothing."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.transfer import chunk_size
from tests.races import worker
from tests.races.worker import POINTS, ROWS, mappings
from tests.transfer.rig import KINDS, Rig, assert_settled, copy

# Forked from a process that has imported everything: a run starts at once.
FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["tests.races.worker"])


def build(r: Rig) -> None:
    old, new = sa.MetaData(), sa.MetaData()
    member = sa.Table(
        "tb_member", old, sa.Column("no", sa.Integer, primary_key=True), sa.Column("nm", sa.String(20))
    )
    post = sa.Table(
        "tb_post",
        old,
        sa.Column("code", sa.String(20), primary_key=True),
        sa.Column("member", sa.Integer),
        sa.Column("title", sa.String(20)),
    )
    old.create_all(r.old)
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    sa.Table("member", new, sa.Column("id", big, primary_key=True), sa.Column("name", sa.String(20)))
    sa.Table(
        "post",
        new,
        sa.Column("code", sa.String(20), primary_key=True),
        sa.Column("member_id", big, sa.ForeignKey("member.id"), nullable=False),
        sa.Column("title", sa.String(20)),
    )
    new.create_all(r.new)
    with r.old.begin() as connection:
        connection.execute(member.insert(), [{"no": n, "nm": f"m{n}"} for n in range(1, ROWS + 1)])
        connection.execute(
            post.insert(), [{"code": f"p{n:05d}", "member": n, "title": f"t{n}"} for n in range(1, ROWS + 1)]
        )


def killed(r: Rig, point: str, nth: int) -> bool:
    """Run the worker; whether it came to the point."""
    urls = [url.render_as_string(hide_password=False) for url in (r.old_urls["shop"], r.new_url)]
    process = FORKSERVER.Process(target=worker.main, args=(*urls, point, nth))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def ranges(r: Rig) -> list[KeyRange]:
    with r.new.connect() as connection:
        return [one for root in ("shop.tb_member", "shop.tb_post") for one in ranges_of(connection, root)]


def assert_whole(r: Rig) -> None:
    """Rows, links and progress tell the same story."""
    with r.new.connect() as connection:
        members = connection.execute(sa.text("SELECT COUNT(*) FROM member")).scalar_one()
        posts = connection.execute(sa.text("SELECT COUNT(*) FROM post")).scalar_one()
        links = dict(
            connection.execute(sa.text("SELECT mapping_id, COUNT(*) FROM changeover_id_map GROUP BY 1")).all()  # type: ignore[arg-type]
        )
    read = {
        root: sum(one.rows_read for one in ranges(r) if one.root == root)
        for root in ("shop.tb_member", "shop.tb_post")
    }
    # Each row was read once by a chunk that was committed, and by no other that was.
    assert (members, posts) == (read["shop.tb_member"], read["shop.tb_post"])
    assert sorted(links.values()) == sorted(n for n in (members, posts) if n)
    left = [name for name in sa.inspect(r.new).get_table_names() if "stage" in name]
    assert left == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_killed_at_any_step_is_resumed_at_its_last_committed_chunk(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind, shop=kind)
    build(r)
    reached = [point for point in POINTS if killed(r, point, 1)]
    assert set(POINTS) - set(reached) <= ({"allocated"} if kind != "mariadb" else set())
    for point, nth in (("committed", 2), ("recorded", 2), ("stored", 3), ("ended", 2)):
        assert_whole(r)
        killed(r, point, nth)
    assert_whole(r)
    assert not killed(r, "never", 1)
    assert_whole(r)
    found = ranges(r)
    assert {one.status for one in found} == {"done"}
    assert sum(one.rows_read for one in found) == 2 * ROWS
    names = r.rows("member", "id", "name")
    assert sorted(name for _, name in names) == sorted(f"m{n}" for n in range(1, ROWS + 1))
    posts = dict(r.rows("post", "code", "member_id"))
    by_id = dict(names)
    assert {code: by_id[i] for code, i in posts.items()} == {f"p{n:05d}": f"m{n}" for n in range(1, ROWS + 1)}
    monkeypatch.setattr(chunk_size, "MOST", 500)
    project = r.project(*mappings())
    assert_settled(project, copy(project))
    r.run(r.new, "INSERT INTO member (name) VALUES ('new')")
    assert len(r.rows("member")) == ROWS + 1
