"""A private MySQL, of a folder in which its packages were unpacked."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from demo.servers.mariadb import MariaDB, as_root
from demo.servers.programs import MissingProgram

FOLDER = "MYSQL_FOLDER"
"""The variable of the environment that names the folder, as `scripts/fetch_mysql.py` prints it."""


class MySQL(MariaDB):
    """A private MySQL: MariaDB's way of life, with other programs. It keeps the defaults of its version, the binary log among them.

    The programs are run by the folder's own dynamic loader, since they may need newer libraries than the machine's.
    """

    name = "MySQL"
    clean_stop = signal.SIGTERM
    quick_stop = signal.SIGKILL
    _kill = "KILL"
    passing_failures = ("Address already in use", "Unable to lock ./ibdata1")

    def __init__(
        self,
        extra_args: Sequence[str] = (),
        memory_mb: int = 128,
        durable: bool = False,
        folder: Path | None = None,
    ) -> None:
        super().__init__(extra_args, memory_mb, durable)
        self._folder = folder or Path(os.environ.get(FOLDER, ""))

    def _initialise_command(self) -> list[str]:
        # How names are compared is laid down with the data.
        folding = [one for one in self.extra_args if one.startswith("--lower-case-table-names=")]
        return [
            *self._program(),
            "--initialize-insecure",
            "--secure-file-priv=",
            *self._places(),
            *folding,
            *as_root(),
        ]

    def _server_command(self) -> list[str]:
        return [
            *self._program(),
            *self._places(),
            *self._common_options(),
            f"--pid-file={self.data / 'mysql.pid'}",
            "--socket=mysql.sock",  # in the data directory: a full path may be too long for a socket
            "--mysqlx=OFF",
            "--secure-file-priv=",  # Debian's own is a directory of the package
            *as_root(),
            *self.extra_args,
        ]

    def _flushing(self) -> list[str]:
        if self.durable:
            return ["--innodb-flush-log-at-trx-commit=1"]
        return ["--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0"]

    def _program(self) -> list[str]:
        usr = self._folder / "usr"
        loader = next(usr.glob("lib/*/ld-linux-*.so.*"), None)
        server = usr / "sbin" / "mysqld"
        if loader is None or not server.exists():
            raise MissingProgram("mysqld", "mysql-server-core")
        return [str(loader), "--library-path", str(loader.parent), str(server), "--no-defaults"]

    def _places(self) -> list[str]:
        usr = self._folder / "usr"
        return [
            f"--basedir={usr}",
            f"--datadir={self.data}",
            f"--lc-messages-dir={usr / 'share/mysql'}",
            f"--character-sets-dir={usr / 'share/mysql/charsets'}",
            f"--plugin-dir={usr / 'lib/mysql/plugin'}",
        ]
