"""`make ui` says that its port is taken, and what to do, before it starts anything."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def ask(port: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "port_is_free.py"), "make ui", port],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def test_a_port_that_is_taken_is_named_with_another_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = ask(str(port))
    assert code == 2
    assert said.startswith(f"make ui: port {port} is taken")
    assert "make ui PORT=" in said
    assert ask(str(port)) == (0, "")


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "http", "३०००"])
def test_what_is_no_port_is_refused(port: str) -> None:
    code, said = ask(port)
    assert code == 2
    assert "expected a number from 1 to 65535" in said


def test_the_port_of_the_make_variable_is_asked_for_and_served() -> None:
    def planned(*arguments: str) -> str:
        return subprocess.run(
            ["make", "--dry-run", "--assume-old=.venv/.ready-run", "ui", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert '"make ui" "3007"' in planned("PORT=3007")
    assert "dev --port 3007" in planned("PORT=3007")
    assert "dev --port 3000" in planned("DAGSTER_CLI_DEV_PORT=")
