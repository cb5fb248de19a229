"""Ctrl-C during `changeover backfill`, as SIGINT to a real process, and going on afterwards."""

from __future__ import annotations

import signal

import pytest

FIRST_CHUNK = 1000
"""Rows of the first chunk of a range: as many as these ranges have."""


@pytest.mark.parametrize(
    ("old", "new"), [("sqlite", "sqlite"), ("postgres", "mariadb"), ("mariadb", "postgres")]
)
def test_the_chunk_under_way_is_committed_and_the_same_command_goes_on_from_there(shop, old, new):
    one = shop(old=old, new=new, products=5000)
    one.run("upgrade")
    one.shut()
    process = one.start("backfill", "--json", "--workers", "1")
    one.wait_until_inside(process)
    process.send_signal(signal.SIGINT)
    one.wait_until_said(process, "stopping after the current chunks")
    one.open()
    stopped = one.end(process)

    assert stopped.code == 130
    assert stopped.document["interrupted"] is True
    assert stopped.document["ok"] is False
    assert "To go on: changeover backfill --json --workers 1" in stopped.err
    first = stopped.document["tables"][1]["run"]["rows_read"]
    assert first == FIRST_CHUNK
    assert one.scalar("SELECT COUNT(*) FROM product") == FIRST_CHUNK

    resumed = one.end(one.start("backfill", "--json", "--workers", "1"))
    assert resumed.code == 0, resumed
    second = resumed.document["tables"][1]["run"]
    assert first + second["rows_read"] == 5000, "no committed chunk was read again"
    assert second["inserted"] == 4000
    assert one.scalar("SELECT COUNT(*) FROM product") == 5000


@pytest.mark.parametrize("new", ["sqlite", "postgres"])
def test_a_second_ctrl_c_leaves_at_once_and_loses_only_the_open_chunk(shop, new):
    one = shop(new=new, products=2500)
    one.run("upgrade")
    one.shut()
    process = one.start("backfill", "--workers", "1")
    one.wait_until_inside(process)
    process.send_signal(signal.SIGINT)
    one.wait_until_said(process, "stopping after the current chunks")
    process.send_signal(signal.SIGINT)
    ended = one.end(process)  # the gate is still shut: who waited for the chunk would wait for ever
    assert ended.code == 130
    assert one.scalar("SELECT COUNT(*) FROM product") == 0
    one.open()
    assert one.run("backfill").code == 0
    assert one.scalar("SELECT COUNT(*) FROM product") == 2500


def test_a_terminated_process_stops_as_by_ctrl_c(shop):
    one = shop(products=2500)
    one.run("upgrade")
    one.shut()
    process = one.start("backfill")
    one.wait_until_inside(process)
    process.send_signal(signal.SIGTERM)
    one.wait_until_said(process, "stopping after the current chunks")
    one.open()
    assert one.end(process).code == 130
    assert one.scalar("SELECT COUNT(*) FROM product") == FIRST_CHUNK


@pytest.mark.parametrize("words", [(), ("--again",), ("product", "--range", "0000000000-0000001000")])
def test_a_stop_that_comes_with_the_last_chunk_stops_nothing(shop, words):
    one = shop(products=1000)
    one.run("upgrade")
    assert one.run("backfill", "category").code == 0
    assert one.run("plan").code == 0
    one.shut()
    process = one.start("backfill", "--json", *words)
    one.wait_until_inside(process)
    process.send_signal(signal.SIGINT)
    one.wait_until_said(process, "stopping after the current chunks")
    one.open()
    ended = one.end(process)
    assert ended.code == 0, ended
    assert (ended.document["ok"], ended.document["interrupted"]) == (True, False)
    assert "To go on" not in ended.err
    assert one.run("status").code == 0


def test_a_stop_keeps_done_ranges_from_being_done_again_and_says_so(shop):
    one = shop(products=2000)
    one.run("upgrade")
    assert one.run("backfill").code == 0
    one.shut()
    process = one.start("backfill", "--again", "--workers", "1")
    one.wait_until_inside(process)
    process.send_signal(signal.SIGINT)
    one.wait_until_said(process, "stopping after the current chunks")
    one.open()
    assert one.end(process).code == 130


def test_a_killed_process_is_resumed_at_its_last_committed_chunk(shop):
    one = shop(products=5000)
    one.run("upgrade")
    one.shut(after=2)
    process = one.start("backfill")
    one.wait_until_inside(process)
    process.kill()
    one.end(process)
    one.open()
    assert one.scalar("SELECT COUNT(*) FROM product") == 2000
    resumed = one.run("backfill", "--json")
    assert resumed.code == 0
    assert resumed.document["tables"][1]["run"]["rows_read"] == 3000
    assert one.scalar("SELECT COUNT(*) FROM product") == 5000
