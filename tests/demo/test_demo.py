"""`make demo`, as a program: it ends as it says it does, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from changeover.mapping import load
from demo.options import BadOption, Options

ROOT = Path(__file__).parents[2]
SCALE = "0.05"
SECONDS = 900.0  # it takes about one minute on two idle cores


@contextmanager
def demo(output: Path, **environment: str) -> Generator[subprocess.Popen[bytes]]:
    """The demo, without a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DB", "SCALE", "CI")}
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo"],
            cwd=ROOT,
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        wait_for(lambda: not remains(process.pid))


def remains(pid: int) -> list[str]:
    """Processes and files of the demo that had this process id."""
    folder = str(ROOT / ".demo" / str(pid))
    found = [folder] if Path(folder).exists() else []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if re.search(rb"%s(?!\d)" % re.escape(folder.encode()), told) and process.name != str(os.getpid()):
            found.append(
                f"{process.name}: {(process / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}"
            )
    return found


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())


def assert_all_same(text: str) -> None:
    """The summary names every table, and says of each that all that was to move is there and the same."""
    summary = text[text.index("new table") :].splitlines()
    for target in load("assets").targets:
        row = next(line for line in summary if line.startswith(f"{target} "))
        numbers = re.findall(r"[\d,]+", row)
        assert row.split()[-1] == "ok"
        assert numbers[1] == numbers[3] != "0", row
        assert numbers[4:8] == ["0"] * 4, row
    assert any("12 tables were moved, compared value by value, and are the same" in line for line in summary)
    for images in ("avatars", "banners", "product_pictures"):
        row = next(line for line in summary if line.startswith(f"{images} "))
        named, stored, *_, rejected = (
            int(n.replace(",", "")) for n in re.findall(r"[\d,.]+", row) if "." not in n
        )
        assert row.split()[-1] == "ok"
        assert named == stored + rejected, row
        assert stored, row
    assert any("images were fetched, checked and stored, each once" in line for line in summary)


@pytest.mark.timeout(SECONDS + 60)
def test_the_demo_moves_everything_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with demo(output, SCALE=SCALE, CI="true") as process:
        assert process.wait(SECONDS) == 0, output.read_text()
        assert remains(process.pid) == []
    text = output.read_text()
    assert_all_same(text)
    for run in ("plan_tables", "member", "product, product_detail", "focus_session"):
        assert f"run of {run}: success" in text


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("db", ["sqlite", "mariadb", "postgres"])
def test_the_demo_moves_a_service_that_goes_on_writing(tmp_path: Path, db: str) -> None:
    output = tmp_path / "output"
    with demo(output, SCALE=SCALE, CI="true", LIVE="1", DB=db) as process:
        assert process.wait(SECONDS) == 0, output.read_text()
        assert remains(process.pid) == []
    assert_all_same(output.read_text())


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "three old databases"),
        # Later than the first and earlier than the last, and half a minute's work: it adds little to them.
        pytest.param(signal.SIGTERM, "Dagster's UI", marks=pytest.mark.long),
        (signal.SIGKILL, "run of plan_tables: started"),
    ],
)
def test_an_interrupted_demo_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    output = tmp_path / "output"
    with demo(output, SCALE=SCALE) as process:
        assert wait_for(lambda: moment in output.read_text(), SECONDS / 2), output.read_text()
        assert wait_for(lambda: len(remains(process.pid)) > 3)
        process.send_signal(number)
        code = process.wait(SECONDS / 2)
        assert code == (-number if number is signal.SIGKILL else 128 + number)
        assert wait_for(lambda: not remains(process.pid)), remains(process.pid)


def test_options_are_taken_from_the_environment() -> None:
    assert Options.from_environment({}, terminal=True) == Options("sqlite", 1.0, False)
    assert Options.from_environment({}, terminal=False).unattended
    assert Options.from_environment({"CI": "true"}, terminal=True).unattended
    assert not Options.from_environment({"CI": "false"}, terminal=True).unattended
    assert Options.from_environment({"DB": "mariadb", "SCALE": "0.5"}, terminal=True) == Options(
        "mariadb", 0.5, False
    )


def test_a_port_that_was_asked_for_and_is_taken_is_named(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(output, PORT=str(port)) as process:
            assert process.wait(60) == 2
    assert f"make demo: port {port} is taken" in output.read_text()


@pytest.mark.parametrize(
    "wrong",
    [{"PORT": "ui"}, {"DB": "oracle"}, {"SCALE": "big"}, {"SCALE": "0"}, {"SCALE": "-1"}, {"SCALE": "inf"}],
)
def test_an_option_that_means_nothing_is_refused(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=next(iter(wrong))):
        Options.from_environment(wrong, terminal=True)
    output = tmp_path / "output"
    with demo(output, **wrong) as process:
        assert process.wait(SECONDS / 2) == 2
    assert "make demo: " in output.read_text()
