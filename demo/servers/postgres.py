"""A private PostgreSQL."""

from __future__ import annotations

import os
import pwd
import re
import signal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

from demo.servers.private_server import PrivateServer
from demo.servers.programs import find_program

_PACKAGE = "postgresql"


class PostgreSQL(PrivateServer):
    """A private PostgreSQL, of the newest version that is installed; UTF-8, otherwise with that version's defaults.

    It refuses to run as root: a root caller's server runs as `postgres`, or as `nobody` where that is missing.
    `extra_args=["-c", "timezone=Asia/Seoul"]` sets what a case needs.
    """

    name = "PostgreSQL"
    clean_stop = signal.SIGINT  # "fast": clients are disconnected, data is flushed
    quick_stop = signal.SIGQUIT  # not SIGKILL, which leaves shared memory behind
    # The backends of a killed server take a moment to notice, and hold its shared memory until then.
    passing_failures = ("Address already in use", "pre-existing shared memory block")

    def url(self, database: str | None = None, driver: str | None = None) -> str:
        address = URL.create(
            f"postgresql+{driver or 'psycopg'}",
            username=self.user,
            password=self.password,
            host="127.0.0.1",
            port=self.port,
            database=database or "postgres",
        )
        return address.render_as_string(hide_password=False)

    def create_database(self, name: str) -> str:
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        with self._connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _initialise_command(self) -> list[str]:
        return [
            str(_program("initdb")),
            f"--pgdata={self.data}",
            f"--username={self.user}",
            f"--pwfile={self._write_password()}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]

    def _server_command(self) -> list[str]:
        arguments = [
            str(_program("postgres")),
            f"-D{self.data}",
            f"-p{self.port}",
            "-clisten_addresses=127.0.0.1",
            "-cunix_socket_directories=",
            f"-cshared_buffers={self.memory_mb}MB",
        ]
        if not self.durable:
            arguments += ["-cfsync=off", "-cfull_page_writes=off"]
        return [*arguments, *self.extra_args]

    def _write_password(self) -> Path:
        file = self.directory / "password"
        file.touch(mode=0o600)
        file.write_text(self.password)
        if owner := self._run_as():
            os.chown(file, owner.pw_uid, owner.pw_gid)
        return file

    def _run_as(self) -> pwd.struct_passwd | None:
        if os.getuid() != 0:
            return None
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            return pwd.getpwnam("nobody")

    def _ping(self) -> None:
        self._connect().close()

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=60,
        )


def _program(name: str) -> Path:
    """Debian keeps each version's programs in a folder of their own; the one on the PATH may be a wrapper."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return find_program(name, _PACKAGE, versions)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name))
