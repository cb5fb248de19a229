"""What tests stand on: private database servers, fresh databases, and an environment that is nobody's.

A server is started when the first test of a process asks for it. The client and the servers each live in a time zone
of their own, none of them UTC, so that a session that forgot to say UTC shows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import URL

from demo.servers import MariaDB, PostgreSQL, SeaweedFS

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


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(FOREIGN_SETTINGS)]:
            patch.delenv(name)
        patch.setenv("PYTHON_DOTENV_DISABLED", "1")
        patch.setenv("TZ", CLIENT_ZONE)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """A MariaDB with local_infile on; tests that need it off, or other settings, start one of their own."""
    with MariaDB(extra_args=[f"--default-time-zone={MARIADB_ZONE}", "--local-infile=1"]) as server:
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long in a file, and so in one worker, comes first: the others have work meanwhile."""
    items.sort(key=lambda item: "ui" not in item.path.parts)
