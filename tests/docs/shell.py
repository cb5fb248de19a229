"""A page's blocks, executed in their order: what a reader would do who types all of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from docs.pages.page import Block

SERVES = re.compile(r"Serving dagster-webserver on (http://\S+)")
SERVES_WITHIN = 240.0
"""Seconds. It takes ten on a quiet machine."""


@dataclass
class Shell:
    """Writes the files and runs the commands of blocks in ``folder``. ``output`` is what the last command wrote."""

    folder: Path
    environment: dict[str, str]
    output: str = ""
    ran: list[str] = field(default_factory=list[str])

    def write(self, block: Block) -> None:
        """Save the block under the name that it gives."""
        name = block.word("file")
        assert name
        (self.folder / name).write_text(block.text)

    def run(self, block: Block) -> None:
        """Run the block's commands. It fails unless the last of them exits as the block says (0 where it says nothing)."""
        # Activated by its environment: each block has a shell of its own.
        done = subprocess.run(
            ["sh", "-e", "-c", block.text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        self.ran.append(block.text)
        self.output = done.stdout
        expected = int(block.word("exit") or 0)
        assert done.returncode == expected, (
            f"line {block.line}: {block.text}exited with {done.returncode}, expected {expected}\n{done.stdout}{done.stderr}"
        )

    def compare(self, block: Block) -> None:
        """The block is what the last command wrote: line by line, spaces aside, an ellipsis for anything."""
        wanted = [line for line in block.text.splitlines() if line.strip()]
        got = [line for line in self.output.splitlines() if line.strip()]
        same = len(wanted) == len(got) and all(map(_same, wanted, got))
        assert same, f"line {block.line}: the page shows\n{block.text}\nand the command wrote\n{self.output}"

    @contextmanager
    def serve(self, block: Block) -> Generator[str]:
        """Run the block's command until it serves; the address. Left as a reader does, by Ctrl-C."""
        log = self.folder / "serve.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {block.text}"],
                cwd=self.folder,
                env=self.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield _address(process, log)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _same(wanted: str, got: str) -> bool:
    parts = [r"\s+".join(map(re.escape, part.split())) for part in wanted.split("…")]
    return re.fullmatch(r"\s*" + r"\s*.*?\s*".join(parts) + r"\s*", got, re.DOTALL) is not None


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + SERVES_WITHIN
    while time.monotonic() < until and process.poll() is None:
        found = SERVES.search(log.read_text(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.5)
    raise AssertionError(f"it does not serve:\n{log.read_text(errors='replace')}")
