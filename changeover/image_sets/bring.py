"""Entering images that were moved before, from a file ``{"old URL": "new key"}``: they are not fetched again."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from changeover.errors import ConfigurationError
from changeover.image_sets.reapply import reapply_arrived
from changeover.ledger import images as manifest
from changeover.ledger.images import Named
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool

AT_ONCE = 5_000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What JSON may write as an escape, and no database takes."""


@dataclass(frozen=True)
class Brought:
    """What became of a file's images: ``entered`` now, ``known`` with the same key, ``other`` with another key, which stays, and
    ``refused`` URLs, which the set may not fetch. ``rows_applied`` counts rows that waited for them."""

    entered: int = 0
    known: int = 0
    other: int = 0
    refused: int = 0
    rows_applied: int = 0


def read_file(file: Path) -> dict[str, str]:
    """The file's images. Raises ConfigurationError when it is no such file."""
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON in UTF-8"
        raise ConfigurationError(f"{file} can't be read: {why}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f'{file}: expected {{"old URL": "new key"}}')
    found = cast("dict[str, Any]", content)
    wrong = sum(not _is_key(key) for key in found.values())
    if wrong:
        raise ConfigurationError(
            f"{file}: {wrong} of its {len(found)} URLs have no text of at most 1,024 bytes as their key"
        )
    return found


def _is_key(key: object) -> bool:
    return isinstance(key, str) and not _UNSTORABLE.search(key) and 0 < len(key.encode()) <= 1024


def bring(
    project: Project, images: ImageSet, moved: Mapping[str, str], *, stop: threading.Event | None = None
) -> Brought:
    """Enter images of a set with their keys, and apply the rows that wait for them.

    What was entered counts as stored, and not yet as verified: the bucket is asked by `verify`.
    """
    halt = stop or threading.Event()
    counts = {"entered": 0, "known": 0, "other": 0, "refused": 0}
    for part in _parts(moved):
        named: dict[str, tuple[Named, str]] = {}
        for url, key in part.items():
            found = images.reference(url)
            if found is None or found.url is None:
                counts["refused"] += 1
            else:
                named[found.digest] = (Named(found.digest, found.url, url), key)
        with project.new.engine.begin() as connection:
            manifest.enter(connection, project.dialect, images.name, [one for one, _ in named.values()])
            keys = manifest.keys_of(connection, project.dialect, images.name, named)
            new = {digest: key for digest, (_, key) in named.items() if digest not in keys}
            manifest.bring(connection, project.dialect, images.name, new)
        counts["entered"] += len(new)
        same = sum(keys[digest] == named[digest][1] for digest in keys)
        counts["known"] += same
        counts["other"] += len(keys) - same
        if halt.is_set():
            break
    pool = Pool()
    rows = sum(reapply_arrived(project, move, pool, halt) for move in project.moves.values())
    return Brought(**counts, rows_applied=rows)


def _parts(moved: Mapping[str, str]) -> Iterator[dict[str, str]]:
    items = iter(moved.items())
    while part := dict(islice(items, AT_ONCE)):
        yield part
