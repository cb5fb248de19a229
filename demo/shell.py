"""The demo's databases for a shell: a file to source, and commands that work afterwards, as they are printed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from changeover.ledger.image_status import RowsWaiting
from demo.processes import ROOT

OURS = ("CHANGEOVER_", "AWS_")
WIDE = 26
"""Columns of the longest command, to which the others are padded."""


def write_environment(folder: Path, environment: Mapping[str, str]) -> Path:
    """A file in ``folder`` that sets what leads to the databases and the bucket, and finds the program. It holds passwords."""
    program = Path(sys.executable).parent
    lines = [
        f"export {name}={shlex.quote(text)}" for name, text in environment.items() if name.startswith(OURS)
    ]
    lines += [f'export PATH={shlex.quote(str(program))}:"$PATH"', f"cd {shlex.quote(str(ROOT))}"]
    file = folder / "env"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    return file


def shell_lines(file: Path, kept: Sequence[RowsWaiting]) -> list[str]:
    """Commands, each of which works when it is pasted after the first one.

    Parameters: ``kept`` are tables of which rows keep an old URL.
    """
    commands = {
        "changeover status": "how far every table is",
        "changeover verify": "compare old and new by checksums",
        "changeover images status": "how far the images are",
    }
    if any(one.rejected for one in kept):
        commands["changeover images rejects"] = "rows that keep an old URL, and why"
    return [
        f". {shlex.quote(str(file))}",
        *(f"{command:<{WIDE}}# {what}" for command, what in commands.items()),
    ]
