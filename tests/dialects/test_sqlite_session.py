"""Old SQLite files: opened for reading only, in whatever mode their application writes them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects import of
from changeover.errors import ConnectionRefused
from changeover.mapping import Mapping, Registry, old
from changeover.project import Project

WRITE = "CREATE TABLE t (v); INSERT INTO t VALUES (1)"
KILLED = f"""
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript("PRAGMA journal_mode = WAL; {WRITE}")
os._exit(0)
"""


def opened(file: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(file))
    return of(url).engine(url, "old", 1)


def test_a_mistyped_path_is_an_error_and_makes_no_file(tmp_path: Path) -> None:
    engine = opened(tmp_path / "typo.db")
    t = old("shop", "t")
    project = Project(Registry((Mapping("t", t, {"v": t.v}),)), {"shop": engine}, engine)
    with pytest.raises(
        ConnectionRefused, match=r"there is no file .*typo\.db; look at CHANGEOVER_OLD_SHOP_URL"
    ):
        project.check_connections()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "old.db").write_bytes(b"x" * 5000)
    engine = opened(tmp_path / "old.db")
    with pytest.raises(exc.DBAPIError, match="not a database"):
        engine.connect()


@pytest.mark.parametrize("name", ["old.db", "50% of?what#.db", "한글 'x\".db"])
@pytest.mark.parametrize("state", ["closed", "open", "killed", "plain"])
def test_a_database_is_read_in_wal_mode_too_and_never_written(tmp_path: Path, name: str, state: str) -> None:
    file = tmp_path / name
    if state == "killed":
        subprocess.run([sys.executable, "-c", KILLED, file], check=True)
    application = sqlite3.connect(":memory:" if state == "killed" else file)
    if state != "killed":
        application.executescript(f"PRAGMA journal_mode = {'DELETE' if state == 'plain' else 'WAL'}; {WRITE}")
    if state != "open":
        application.close()
    engine = opened(tmp_path / name)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT v FROM t").scalar() == 1
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        with pytest.raises(exc.OperationalError, match="readonly"):
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    engine.dispose()
    application.close()
