"""A tiny process that outlives its owner just long enough to clean up after it.

A handler in the owner can't do this: `kill -9` runs none. A parent-death signal can't either: it comes when the
*thread* that started the server ends, and leaves the directory behind. The end of a pipe is certain in every case.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

# $1: the directory, which is removed. $1/pid: the leader of the process group to end first. $2: the signal for that.
# `read` returns when the other end of the pipe is closed, which the kernel does for a process that is gone.
_SCRIPT = """
read -r _
if read -r pid <"$1/pid"; then
  kill -s "$2" -- "-$pid"
  tries=50
  while kill -0 "$pid" && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
  kill -s KILL -- "-$pid"
fi
rm -rf -- "$1"
"""


class Watchdog:
    """Ends the process group recorded in `directory/pid` and removes the directory once this process is gone.

    A process forked from this one (without exec) holds the pipe as well: the watchdog then waits for both.
    """

    def __init__(self, directory: Path, ending: signal.Signals) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "watchdog", str(directory), ending.name.removeprefix("SIG")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # Ctrl-C in a terminal must not reach it
        )

    def release(self) -> None:
        """Let it do its work now, and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
