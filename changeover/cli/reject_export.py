"""Rejects in a file, for those who mend the old rows."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import Enum
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from changeover.cli.output import plain
from changeover.cli.reject_pages import shape
from changeover.errors import ConfigurationError
from changeover.ledger.rejects import RejectRow


class Format(str, Enum):
    """``jsonl``: one JSON object a line. ``csv``: a heading and rows."""

    JSONL = "jsonl"
    CSV = "csv"


def export_rejects(found: Iterable[list[RejectRow]], file: Path | None, kind: Format, *, values: bool) -> int:
    """Write rejects to ``file``, or to stdout, and return how many.

    The file is readable by its owner alone: values and keys are a user's data.
    Raises: ConfigurationError when it can't be written.
    """
    written = 0
    with _opened(file) as stream:
        write = _csv_writer(stream) if kind is Format.CSV else _json_writer(stream)
        for page in found:
            for reject in page:
                write(
                    {
                        name: plain(v) if v is not None and not isinstance(v, int) else v
                        for name, v in shape(reject, values=values).items()
                    }
                )
                written += 1
    return written


def _json_writer(stream: TextIO) -> Any:
    return lambda row: stream.write(json.dumps(row, ensure_ascii=True) + "\n")


def _csv_writer(stream: TextIO) -> Any:
    writer: csv.DictWriter[str] | None = None

    def write(row: dict[str, Any]) -> None:
        nonlocal writer
        if writer is None:
            writer = csv.DictWriter(stream, list(row))
            writer.writeheader()
        writer.writerow(row)

    return write


@contextmanager
def _opened(file: Path | None) -> Generator[TextIO]:
    if file is None:
        # As the file would be: a value that the terminal's encoding lacks must not become another one.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        yield stream
