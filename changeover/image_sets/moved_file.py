"""A file of stored images: ``{"old URL": "new key"}``, as scripts keep it, or with all that the manifest knows of each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from changeover.errors import ConfigurationError
from changeover.ledger.image_exchange import NUMBERS, TEXTS, MovedImage, page
from changeover.mapping import ImageSet
from changeover.project import Project

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What JSON may write as an escape, and no database takes."""
_LONGEST = {"key": 1_024, "media_type": 100, "sha256": 64}
"""Bytes of texts that the manifest bounds."""
_LONGEST_TEXT = 16_384
"""Bytes of others: four for each of a URL's characters."""


def read_file(file: Path) -> dict[str, MovedImage]:
    """The file's images. Raises ConfigurationError when it is no such file."""
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON in UTF-8"
        raise ConfigurationError(f"{file} can't be read: {why}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f'{file}: expected {{"old URL": "new key"}}')
    given = cast("dict[str, Any]", content)
    found = {url: one for url, value in given.items() if (one := _image(value)) is not None}
    if wrong := len(given) - len(found):
        raise ConfigurationError(
            f"{file}: {wrong} of its {len(given)} URLs have no text of at most 1,024 bytes as their key, nor what "
            "`changeover images export` writes"
        )
    return found


def write_file(project: Project, images: ImageSet, file: Path) -> int:
    """Write a set's stored images, and return how many. The file is readable by its owner alone: URLs are users' data.

    It is complete or not there. Raises: ConfigurationError when it can't be written.
    """
    part = file.with_name(f"{file.name}.part")
    written, after = 0, ""
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write("{")
            while found := _page(project, images, after):
                for _, url, one in found:
                    line = f"{json.dumps(url)}: {json.dumps(_known(one))}"
                    stream.write(f"{',' if written else ''}\n{line}")
                    written += 1
                after = found[-1][0]
            stream.write("\n}\n")
        part.replace(file)
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from None
    return written


def _page(project: Project, images: ImageSet, after: str) -> list[tuple[str, str, MovedImage]]:
    with project.reading() as connection:
        return page(connection, images.name, after=after)


def _known(one: MovedImage) -> dict[str, object]:
    return {name: value for name, value in vars(one).items() if value is not None}


def _image(value: object) -> MovedImage | None:
    """What a file says of an image; None where that can't be kept."""
    if isinstance(value, str):
        value = {"key": value}
    if not isinstance(value, dict):
        return None
    told: Mapping[str, Any] = cast("dict[str, Any]", value)
    if told.keys() - {"key", *TEXTS, *NUMBERS} or not told.get("key"):
        return None
    texts = all(_is_text(told[name], _LONGEST.get(name)) for name in ("key", *TEXTS) if name in told)
    numbers = all(type(told[name]) is int and 0 <= told[name] < 2**31 for name in NUMBERS if name in told)
    return MovedImage(**told) if texts and numbers else None


def _is_text(value: object, longest: int | None) -> bool:
    return (
        isinstance(value, str)
        and not _UNSTORABLE.search(value)
        and len(value.encode()) <= (longest or _LONGEST_TEXT)
    )
