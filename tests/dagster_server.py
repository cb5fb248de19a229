"""A real Dagster: code server, web server and daemon on free ports, with storage of its own, as `make ui` runs it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.servers.private_server import free_port
from demo.servers.watchdog import Watchdog

ROOT = Path(__file__).parents[1]
READY_SECONDS = 120.0


@dataclass(frozen=True)
class DagsterServer:
    """``url`` of the UI; ``home`` is its DAGSTER_HOME; ``log`` what all processes wrote."""

    url: str
    home: Path
    log: Path


@contextmanager
def running_dagster(mappings: Path | str, environment: Mapping[str, str]) -> Generator[DagsterServer]:
    """Dagster on the project's definitions, with other mappings and an environment of its own."""
    directory = Path(tempfile.mkdtemp(prefix="changeover-dagster-"))
    home = directory / "home"
    home.mkdir()
    shutil.copy(ROOT / "dagster.yaml", home)
    (directory / "pyproject.toml").write_text(f'[tool.changeover]\nmappings = "{mappings}"\n')
    code, ui = free_port(), free_port()
    (directory / "workspace.yaml").write_text(
        f"load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {code}, location_name: changeover}}\n"
    )
    watchdog = Watchdog(directory, signal.SIGTERM)
    process = _start(directory, home, environment, code, ui)
    try:
        server = DagsterServer(f"http://127.0.0.1:{ui}", home, directory / "log")
        _wait(process, ui, server.log)
        yield server
    finally:
        watchdog.release()
        process.wait()


def _start(
    directory: Path, home: Path, environment: Mapping[str, str], code: int, ui: int
) -> subprocess.Popen[bytes]:
    python = sys.executable
    script = f"""
    echo $$ >pid
    "{python}" -m dagster api grpc -h 127.0.0.1 -p {code} -m definitions --location-name changeover &
    until "{python}" -c "import socket; socket.create_connection(('127.0.0.1', {code}))" 2>/dev/null; do sleep 0.2; done
    "{python}" -m dagster_webserver -h 127.0.0.1 -p {ui} -w workspace.yaml &
    "{python}" -m dagster._daemon run -w workspace.yaml &
    wait
    """
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(
            ["/bin/sh", "-c", script],
            cwd=directory,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
                "DAGSTER_HOME": str(home),
                "PYTHONPATH": str(ROOT),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Dagster did not start:\n{log.read_text(errors='replace')[-4000:]}")
