"""A private MariaDB."""

from __future__ import annotations

import os
import pwd
import signal
from pathlib import Path

import pymysql
from pymysql.constants import ER
from sqlalchemy import URL

from demo.servers.private_server import PrivateServer
from demo.servers.programs import find_program

_PACKAGE = "mariadb-server"


class MariaDB(PrivateServer):
    """A private MariaDB with the character set utf8mb4, otherwise with the defaults of its version.

    The machine's option files are not read. `extra_args=["--local-infile=0", "--default-time-zone=+09:00"]` sets
    what a case needs.
    """

    name = "MariaDB"
    clean_stop = signal.SIGTERM
    quick_stop = signal.SIGKILL  # it leaves nothing outside its directory
    _kill = "KILL SOFT"
    passing_failures = ("Address already in use", "Can't lock aria control file", "Unable to lock ./ibdata1")

    def url(self, database: str | None = None, driver: str | None = None) -> str:
        address = URL.create(
            f"mysql+{driver or 'pymysql'}",
            username=self.user,
            password=self.password,
            host="127.0.0.1",
            port=self.port,
            database=database,
            query={
                "charset": "utf8mb4",
                "ssl_disabled": "true",
            },  # it has none, and looking for it takes 20 ms
        )
        return address.render_as_string(hide_password=False)

    def create_database(self, name: str) -> str:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {_quoted(name)} CHARACTER SET utf8mb4")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            # An open transaction on one of its tables would block the drop, for a day by default.
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
            for (connection_id,) in cursor.fetchall():
                try:
                    cursor.execute(f"{self._kill} %s", (connection_id,))
                except pymysql.err.OperationalError as error:
                    if error.args[0] != ER.NO_SUCH_THREAD:  # it has ended by itself since
                        raise
            cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(name)}")

    def _initialise_command(self) -> list[str]:
        return [
            str(find_program("mariadb-install-db", _PACKAGE)),
            "--no-defaults",
            f"--datadir={self.data}",
            "--auth-root-authentication-method=socket",
            f"--auth-root-socket-user={_caller()}",
            "--skip-test-db",
            *as_root(),
        ]

    def _server_command(self) -> list[str]:
        return [
            str(find_program("mariadbd", _PACKAGE)),
            "--no-defaults",
            f"--datadir={self.data}",
            *self._common_options(),
            "--socket=mariadb.sock",  # in the data directory: a full path may be too long for a socket
            f"--pid-file={self.data / 'mariadb.pid'}",
            *as_root(),
            *self.extra_args,
        ]

    def _common_options(self) -> list[str]:
        """What MySQL is told too."""
        return [
            f"--init-file={self._write_accounts()}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            f"--innodb-buffer-pool-size={self.memory_mb}M",
            *self._flushing(),
        ]

    def _flushing(self) -> list[str]:
        """What hands commits and files to the operating system, which survives kill -9, and waits for no disk."""
        if self.durable:
            return ["--innodb-flush-log-at-trx-commit=1"]
        # The second spares two thirds of what DDL waits for a disk.
        return ["--innodb-flush-log-at-trx-commit=2", "--debug-no-sync"]

    def _write_accounts(self) -> Path:
        script = self.directory / "accounts.sql"
        account = f"'{self.user}'@'127.0.0.1'"
        script.write_text(
            f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;\n"
        )
        return script

    def _ping(self) -> None:
        self._connect().close()

    def _connect(self) -> pymysql.Connection:
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            autocommit=True,
            connect_timeout=60,
            ssl_disabled=True,
        )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _caller() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def as_root() -> list[str]:
    """MariaDB runs as root only when told so by name."""
    return ["--user=root"] if os.getuid() == 0 else []
