"""The life of a private server: prepare its directory, start, wait until it answers, stop, or be killed."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, TypeVar

from demo.servers.watchdog import Watchdog

Self = TypeVar("Self", bound="PrivateService")

READY_SECONDS = 180.0  # preparing, or crash recovery after `kill()`, on a busy two-core machine included
STOP_SECONDS = 60.0
LOG_LINES_SHOWN = 60  # mariadb-install-db ends with 30 lines of advice, after the reason


class ServerFailed(RuntimeError):
    """A private server did not start; the message ends with the last lines of its log."""


class PrivateService(ABC):
    """A server of one's own, used as a context manager or with `start()` and `stop()`.

    Attributes: `directory` (data, log and process id; removed at the end), `port` (on 127.0.0.1; stays the same over
    restarts), `log` (a file).
    """

    name: ClassVar[str]
    clean_stop: ClassVar[signal.Signals]
    quick_stop: ClassVar[signal.Signals]  # the data need not be usable afterwards
    passing_failures: ClassVar[tuple[str, ...]]  # what the log says when another attempt may succeed

    def __init__(self) -> None:
        self.port = 0
        self.directory = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: Watchdog | None = None
        self._has_answered = False

    def __enter__(self: Self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _initialise_command(self) -> list[str]:
        """What prepares the directory once, and ends."""

    @abstractmethod
    def _server_command(self) -> list[str]:
        """What serves until it is ended."""

    @abstractmethod
    def _ping(self) -> None:
        """Raise OSError or the driver's error unless the server answers."""

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def _temporary(self) -> Path:
        return self.directory / "tmp"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server, with its data where it has been started before, and return once it answers.

        Raises MissingProgram when it isn't installed and ServerFailed when it doesn't answer in `READY_SECONDS`.
        """
        if self.running:
            return
        deadline = time.monotonic() + READY_SECONDS
        if self._watchdog is None:
            self._prepare()
        while True:
            log_start = self.log.stat().st_size
            self._launch(self._server_command())
            if self._answers(deadline):
                self._has_answered = True
                return
            said = self._log_since(log_start)
            self._end(signal.SIGKILL)
            if not any(text in said for text in self.passing_failures) or time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"{self.name} did not start. The end of its log:\n{_last_lines(said)}")
            if not self._has_answered:  # later on, URLs with this port are about
                self.port = free_port()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server for good and remove its data. Stopping a stopped server does nothing."""
        if self._watchdog is None:
            return
        self._end(self.quick_stop)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._watchdog.release()
        self._watchdog = None
        self._has_answered = False

    def restart(self) -> None:
        """Shut down in order and start again, on the same port with the same data."""
        self._end(self.clean_stop)
        self.start()

    def kill(self) -> None:
        """`kill -9`: no goodbye to clients, nothing flushed. `start()` brings it back with what was committed."""
        self._end(signal.SIGKILL)

    def _prepare(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix=f"changeover-{self.name.lower()}-"))
        self.directory = directory
        self.log.touch()
        self._temporary.mkdir()
        if owner := self._run_as():
            os.chown(directory, owner.pw_uid, owner.pw_gid)
            os.chown(self._temporary, owner.pw_uid, owner.pw_gid)
        self._watchdog = Watchdog(directory, self.quick_stop)
        self.port = free_port()
        try:
            process = self._launch(self._initialise_command())
            if process.wait() != 0:
                raise ServerFailed(f"{self.name} could not be prepared:\n{_last_lines(self._log_since(0))}")
        except BaseException:
            self.stop()
            raise

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        owner = self._run_as()
        with self.log.open("ab") as log:
            # The shell writes its own id and becomes the server: the watchdog can't miss one that was just started.
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.directory / "pid"), *command],
                cwd=self.directory,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "LC_ALL": "C.UTF-8",
                    # A starting MariaDB removes the temporary tables that it finds here, others' as well.
                    "TMPDIR": str(self._temporary),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal reaches the owner, which stops the server last
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
            )
        return self._process

    def _run_as(self) -> pwd.struct_passwd | None:
        """The user that the server runs as, where it isn't the caller."""
        return None

    def _answers(self, deadline: float) -> bool:
        while self.running and time.monotonic() < deadline:
            try:
                self._ping()
            except Exception:  # noqa: BLE001 - each driver has errors of its own, and all mean: not yet
                time.sleep(0.05)
            else:
                return True
        return False

    def _end(self, ending: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(ending)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        (self.directory / "pid").unlink(missing_ok=True)

    def _log_since(self, offset: int) -> str:
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")


class PrivateServer(PrivateService):
    """A database server of one's own. `user` and `password` are those of an administrator that exists only here."""

    def __init__(self, extra_args: Sequence[str] = (), memory_mb: int = 128, durable: bool = False) -> None:
        """Describe a server; nothing is started yet.

        extra_args: further command line arguments, which win over the ones set here.
        memory_mb: size of the page cache, in MiB.
        durable: flush to the disk at each commit, as a production server does. Without it, committed data survives
            `kill()` but not a loss of power.
        """
        super().__init__()
        self.extra_args = tuple(extra_args)
        self.memory_mb = memory_mb
        self.durable = durable
        self.user = "changeover"
        self.password = secrets.token_hex(12)

    @abstractmethod
    def url(self, database: str | None = None, driver: str | None = None) -> str:
        """The SQLAlchemy URL of a database, or of the server when none is named; it contains the password."""

    @abstractmethod
    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""

    @abstractmethod
    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it; one that doesn't exist is no error."""


def free_port() -> int:
    """A port that nothing on the loopback interface listens on now; another process may still be faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-LOG_LINES_SHOWN:])
