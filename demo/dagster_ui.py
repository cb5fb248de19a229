"""A Dagster of the demo's own: code server, web server and daemon, with a DAGSTER_HOME that is gone afterwards."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Mapping

from demo.processes import ROOT, Processes
from demo.servers.private_server import free_port
from pipelines.graphql import GraphQL

CODE, WEB, DAEMON = "dagster-code", "dagster-webserver", "dagster-daemon"
USUAL_PORT = 3000


class PortTaken(RuntimeError):
    """Something listens on the port that was asked for."""


def ui_port(asked: int | None) -> int:
    """The port for the UI: the one that was asked for, else the usual one, or any other where that is taken. Raises PortTaken."""
    if asked is None:
        return USUAL_PORT if _is_free(USUAL_PORT) else free_port()
    if not _is_free(asked):
        raise PortTaken(
            f"port {asked} is taken: something listens on it already. Leave PORT out, or take another one"
        )
    return asked


class DagsterUI:
    """Started in the background, since it takes seconds in which there is other work to do."""

    def __init__(self, processes: Processes, environment: Mapping[str, str], port: int) -> None:
        self.processes = processes
        self.port = port
        self.url = f"http://127.0.0.1:{self.port}"
        home = processes.directory / "dagster_home"
        home.mkdir()
        shutil.copy(ROOT / "dagster.yaml", home)
        self._environment = {**environment, "DAGSTER_HOME": str(home), "CHANGEOVER_SENSORS": "off"}
        self._code_port = free_port()
        self._workspace = processes.directory / "workspace.yaml"
        self._workspace.write_text(
            "load_from:\n"
            f"  - grpc_server: {{host: 127.0.0.1, port: {self._code_port}, location_name: changeover}}\n"
        )
        self._error: Exception | None = None
        self._starting = threading.Thread(target=self._start, name="start-dagster", daemon=True)

    def start(self) -> None:
        """Begin to start it. The web server answers some seconds later."""
        address = ["-h", "127.0.0.1", "-p", str(self._code_port)]
        self.processes.start(
            CODE,
            ["-m", "dagster", "api", "grpc", *address, "-m", "definitions", "--location-name", "changeover"],
            self._environment,
        )
        self._starting.start()

    def check(self) -> None:
        """Raises ProcessFailed when a part of it has ended."""
        if self._error is not None:
            raise self._error
        self.processes.check_alive(CODE, *(() if self._starting.is_alive() else (WEB, DAEMON)))

    def reason(self, run_id: str) -> str:
        """Why a run failed, in the words of its last error."""
        events = GraphQL(self.url).ask(_FAILURES, id=run_id)["logsForRun"].get("events", [])
        errors = [event["error"] for event in events if event.get("error")]
        if not errors:
            # A run that never began has no error of its own: what was to start it says why.
            said = [str(event["message"]).strip() for event in events if event.get("message")]
            return "; ".join(dict.fromkeys(said)) or "its log has no error"
        causes = [errors[0], *errors[0]["causes"]]
        return "; ".join(str(cause["message"]).strip() for cause in causes)

    def _start(self) -> None:
        """The other two ask the code server for what there is, and would remember that it isn't there yet."""
        try:
            while _is_free(self._code_port):
                self.processes.check_alive(CODE)
                time.sleep(0.1)
            workspace = ["-w", str(self._workspace)]
            address = ["-h", "127.0.0.1", "-p", str(self.port)]
            self.processes.start(WEB, ["-m", "dagster_webserver", *address, *workspace], self._environment)
            self.processes.start(DAEMON, ["-m", "dagster._daemon", "run", *workspace], self._environment)
        except Exception as error:  # noqa: BLE001 - handed to the thread that asks how it goes
            self._error = error


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


_FAILURES = """
query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    ... on ExecutionStepFailureEvent { error { message causes { message } } }
    ... on EngineEvent { error { message causes { message } } }
    ... on RunFailureEvent { message error { message causes { message } } } } } } }
"""
