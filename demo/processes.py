"""Processes that end with the demo, however the demo ends.

All of them are one process group. Its leader does nothing but live, so that the group has an id as long as it is
needed; a watchdog ends the group when this process is gone without having said goodbye.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from demo.servers.watchdog import Watchdog

ROOT = Path(__file__).parents[1]
GRACE_SECONDS = 5.0
LOG_LINES = 25


class ProcessFailed(RuntimeError):
    """A process of the demo ended that should not have; the message ends with the last lines of its log."""


class Processes:
    """A process group whose files are in ``directory``, which is made here and removed at the end. A context manager."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        self.directory.mkdir(parents=True)
        self._watchdog = Watchdog(self.directory, signal.SIGTERM)
        # The shell writes its own id and becomes the leader: the watchdog can't miss one that was just started.
        script = 'echo $$ >"$0" && exec sleep 2147483647'
        command = ["/bin/sh", "-c", script, str(self.directory / "pid")]
        self._leader = _popen(command, 0, os.environ, subprocess.DEVNULL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        children = [*self._running.values(), self._leader]
        self._signal(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, until - time.monotonic()))
        self._signal(signal.SIGKILL)
        for child in children:
            child.wait()
        self._watchdog.release()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start Python with these arguments, in the project's folder. What it writes goes to the log of this name."""
        with self.log(name).open("wb") as log:
            self._running[name] = _popen([sys.executable, *arguments], self._leader.pid, environment, log)

    def ended(self, name: str) -> bool:
        """Whether the process has done what it was started for. Raises ProcessFailed when it failed."""
        code = self._running[name].poll()
        if code:
            raise ProcessFailed(self._failure(name, f"ended with status {code}"))
        return code == 0

    def stop(self, name: str, seconds: float = 60.0) -> str:
        """Ask the process to end, and wait for it. Returns what it has written. Raises ProcessFailed when it didn't end well."""
        process = self._running[name]
        process.terminate()
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProcessFailed(self._failure(name, f"did not end within {seconds:.0f} s")) from None
        if code:
            raise ProcessFailed(self._failure(name, f"ended with status {code}"))
        return self.log(name).read_text(errors="replace")

    def check_alive(self, *names: str) -> None:
        """Raises ProcessFailed when one of these has ended."""
        for name in names:
            if self._running[name].poll() is not None:
                raise ProcessFailed(self._failure(name, "is not running any more"))

    def log(self, name: str) -> Path:
        """The file that the process writes to."""
        return self.directory / f"{name}.log"

    def _failure(self, name: str, what: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join([f"{name} {what}. The end of its log:", *lines])

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._leader.pid, number)


def _popen(
    command: Sequence[str], group: int, environment: Mapping[str, str], output: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """A process of that group, of a new one for 0. Ctrl-C in a terminal reaches neither."""
    newer = sys.version_info >= (3, 11)
    placed: dict[str, Any] = (
        {"process_group": group} if newer else {"preexec_fn": partial(os.setpgid, 0, group)}
    )
    return cast(
        "subprocess.Popen[bytes]",
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **placed,
        ),
    )
