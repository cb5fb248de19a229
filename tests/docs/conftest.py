"""A clone as a reader has one, with the environment that is installed already."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from demo.servers.private_server import free_port
from docs.pages.page import ROOT
from tests.docs.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell in a copy of the project, where ``.venv`` is the one that the tests run in."""
    clone = tmp_path / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    _borrow_environment(clone)
    binaries = f"{clone}/.venv/bin"
    kept = ("HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PYTHONPATH": str(clone),  # the copy's own modules, where the installed ones are the original's
        "DAGSTER_CLI_DEV_PORT": str(free_port()),
    }
    return Shell(clone, environment)


def _borrow_environment(clone: Path) -> None:
    """Links to what is installed, and stamps of its own: `make` finds it up to date, and never changes the original."""
    (clone / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (clone / ".venv" / name).symlink_to(ROOT / ".venv" / name)
    for stamp in (".ready-run", ".ready-dev"):
        (clone / ".venv" / stamp).touch()
