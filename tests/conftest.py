"""What tests stand on: private database servers, fresh databases, and an environment that is nobody's.

A server is started when the first test of a process asks for it. The client and the servers each live in a time zone
of their own, none of them UTC, so that a session that forgot to say UTC shows.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import URL

from demo.servers import MariaDB, PostgreSQL, SeaweedFS
from tests.mysql_kind import ON_MYSQL, Server, speak_mysql

CLIENT_ZONE = "Asia/Kolkata"
MARIADB_ZONE = "+09:00"
POSTGRES_ZONE = "America/St_Johns"

# A developer's own settings must never lead a test to a developer's own databases.
FOREIGN_SETTINGS = (
    "CHANGEOVER_",
    "AWS_ACCESS_",
    "AWS_SECRET_",
    "AWS_ENDPOINT_",
    "AWS_PROFILE",
    "DAGSTER_HOME",
    "COLUMNS",
)


MEMORY = Path("/dev/shm")
ROOM = 12 << 30
"""Bytes that have to be free there, of memory as well: two workers' servers come to half of it by the end."""


def pytest_configure() -> None:
    """What tests and their servers write goes to memory where there is room: a disk that stands still holds nobody up."""
    if "TMPDIR" not in os.environ and _is_roomy():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # what was found out before, without it


def _is_roomy() -> bool:
    if not os.path.ismount(MEMORY) or not os.access(MEMORY, os.W_OK):
        return False
    free = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return free is not None and min(int(free[1]) << 10, shutil.disk_usage(MEMORY).free) >= ROOM


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(FOREIGN_SETTINGS)]:
            patch.delenv(name)
        patch.setenv("PYTHON_DOTENV_DISABLED", "1")
        patch.setenv("TZ", CLIENT_ZONE)
        time.tzset()
        if ON_MYSQL:
            speak_mysql()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """A MariaDB, or MySQL in its place, with local_infile on; tests that need it off, or other settings, start one of their own."""
    with Server(extra_args=[f"--default-time-zone={MARIADB_ZONE}", "--local-infile=1"]) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgreSQL]:
    with PostgreSQL(extra_args=["-c", f"timezone={POSTGRES_ZONE}"]) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[SeaweedFS]:
    with SeaweedFS(["images", "old"]) as server:
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes empty databases: `database(kind, name="test")` returns the URL of a new one, which is dropped afterwards.

    kind: "mariadb", "postgres" or "sqlite". The name is a hint: a number is added, so that it can be asked for twice.
    """
    numbers = count(1)
    with ExitStack() as afterwards:

        def create(kind: str, name: str = "test") -> str:
            unique = f"{name}_{next(numbers)}"
            if kind == "sqlite":
                return URL.create("sqlite", database=str(tmp_path / f"{unique}.db")).render_as_string()
            server: MariaDB | PostgreSQL = request.getfixturevalue(f"{kind}_server")
            server.start()  # a test may have killed it
            afterwards.callback(server.drop_database, unique)
            return server.create_database(unique)

        yield create


@pytest.fixture
def mariadb_url(database: Callable[..., str]) -> str:
    return database("mariadb")


@pytest.fixture
def postgres_url(database: Callable[..., str]) -> str:
    return database("postgres")


@pytest.fixture
def sqlite_url(database: Callable[..., str]) -> str:
    return database("sqlite")


LONG_FILES = ("ui", "test_demo.py", "test_tutorial.py")
"""Folders and files of few tests that take a minute and more each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one worker: those that take long come first, those of few tests last, so that the workers end together."""
    tests = Counter(item.path for item in items)
    items.sort(
        key=lambda item: (
            not any(name in item.path.parts for name in LONG_FILES),
            -tests[item.path],
            item.path,
        )
    )
