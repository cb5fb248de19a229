"""The private servers: they start, survive what is done to them, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from demo.servers import MariaDB, MissingProgram, PostgreSQL, PrivateServer, ServerFailed, private_server
from demo.servers.programs import find_program
from tests.mysql_kind import Server

ROOT = Path(__file__).resolve().parents[2]
SERVERS = [Server, PostgreSQL]
both = pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)


def engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=NullPool)


def scalar(url: str, statement: str) -> object:
    with engine(url).connect() as connection:
        return connection.execute(sa.text(statement)).scalar_one()


def execute(url: str, *statements: str) -> None:
    with engine(url).begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def eventually(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def processes_in(directory: str) -> list[str]:
    """Command lines of the living processes that name a directory; a zombie's is empty."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if directory in command:
                found.append(command)
    return found


@both
def test_a_server_keeps_committed_rows_over_kill_and_restart_and_leaves_nothing(
    kind: type[PrivateServer],
) -> None:
    with kind() as server:
        directory = server.directory
        url = server.create_database('odd `name" 이름')
        execute(url, "CREATE TABLE kept (id INTEGER PRIMARY KEY)", "INSERT INTO kept VALUES (1)")

        server.kill()
        assert not server.running
        with pytest.raises(OperationalError):
            scalar(url, "SELECT 1")
        server.start()
        assert scalar(url, "SELECT count(*) FROM kept") == 1

        execute(url, "INSERT INTO kept VALUES (2)")
        server.restart()
        assert scalar(url, "SELECT count(*) FROM kept") == 2
    assert not directory.exists()
    assert processes_in(str(directory)) == []
    server.stop()  # again: nothing happens


@both
@pytest.mark.parametrize(
    "ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda ending: ending.name
)
def test_a_server_ends_with_its_owner(kind: type[PrivateServer], ending: signal.Signals) -> None:
    script = (
        "import time\n"
        f"from demo.servers import {kind.__name__} as Server\n"
        "server = Server()\n"
        "server.start()\n"
        "print(server.directory, flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with owner:
        assert owner.stdout is not None
        directory = owner.stdout.readline().strip()
        assert processes_in(directory) != []
        owner.send_signal(ending)
    assert eventually(lambda: processes_in(directory) == []), processes_in(directory)
    assert eventually(lambda: not Path(directory).exists())


@both
def test_a_database_is_dropped_under_an_open_transaction(
    kind: type[PrivateServer], request: pytest.FixtureRequest
) -> None:
    server: PrivateServer = request.getfixturevalue("mariadb_server" if kind is Server else "postgres_server")
    url = server.create_database("busy")
    execute(url, "CREATE TABLE t (id INTEGER)")
    with engine(url).connect() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (1)"))
        server.drop_database("busy")
        connection.invalidate()
    execute(server.create_database("busy"), "CREATE TABLE t (id INTEGER)")  # the old one is gone
    server.drop_database("busy")
    server.drop_database("busy")  # again: nothing happens


def test_a_database_is_dropped_whose_last_session_ends_meanwhile(
    mariadb_server: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = mariadb_server.create_database("left")
    made = engine(url)
    session = made.connect()
    number = session.execute(sa.text("SELECT CONNECTION_ID()")).scalar_one()
    alive = f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {number}"
    kill = mariadb_server._kill  # pyright: ignore[reportPrivateUsage]

    class Leaving:
        """Asked for when the sessions were listed."""

        def __format__(self, _: str) -> str:
            session.invalidate()
            assert eventually(lambda: scalar(mariadb_server.url(), alive) == 0)
            return kill

    monkeypatch.setattr(mariadb_server, "_kill", Leaving())
    mariadb_server.drop_database("left")
    monkeypatch.undo()
    execute(mariadb_server.create_database("left"), "CREATE TABLE t (id INTEGER)")
    mariadb_server.drop_database("left")
    made.dispose()


@both
def test_a_server_that_cannot_start_says_why_and_leaves_nothing(kind: type[PrivateServer]) -> None:
    server = kind(extra_args=["--no-such-option=1"])
    with pytest.raises(ServerFailed, match=r"no-such-option|no_such_option"):
        server.start()
    assert not server.directory.exists()


@both
def test_a_taken_port_is_exchanged_for_another(
    kind: type[PrivateServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with kind() as first:
        free_port = private_server.free_port
        answers = iter([first.port])
        monkeypatch.setattr(private_server, "free_port", lambda: next(answers, None) or free_port())
        with kind() as second:
            assert second.port != first.port
            assert scalar(second.url(), "SELECT 1") == 1


def test_a_missing_program_names_its_debian_package() -> None:
    with pytest.raises(MissingProgram, match=r"no-such-program.*`mariadb-server`: apt-get install"):
        find_program("no-such-program", "mariadb-server")


def test_fixtures_give_fresh_databases_of_each_kind(database: Callable[..., str]) -> None:
    for kind in ("mariadb", "postgres", "sqlite"):
        first, second = database(kind, "old"), database(kind, "old")
        assert first != second
        for url in (first, second):
            execute(url, "CREATE TABLE t (id INTEGER PRIMARY KEY)")


def test_no_server_and_no_client_of_the_tests_is_in_utc(mariadb_url: str, postgres_url: str) -> None:
    assert time.localtime().tm_gmtoff != 0
    assert scalar(mariadb_url, "SELECT timestampdiff(HOUR, utc_timestamp(), now())") == 9
    assert scalar(postgres_url, "SELECT extract(timezone FROM now()) <> 0") is True


def test_local_infile_can_be_switched_off() -> None:
    with Server(extra_args=["--local-infile=0"]) as server:
        assert scalar(server.url(), "SELECT @@local_infile") == 0
