"""Images in a folder of this machine: a copy of the old host's files, or a mounted disk."""

from __future__ import annotations

import os
import stat
import threading
import unicodedata
from pathlib import Path

from changeover.images.image import Refused, Unchanged, Wanted
from changeover.images.origins.below import below
from changeover.images.origins.origin import Fetched, too_large


class FolderOrigin:
    """The files below a folder, each at the URL that it has below ``base``.

    A name in another Unicode form than the URL's is found as well: disks and web servers disagree about Korean. Nothing outside the
    folder is read, whatever a name or a symbolic link says.
    """

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base = folder.resolve(), base

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:  # noqa: ARG002
        """See `Origin`."""
        name = below(wanted.url, self.base)
        if isinstance(name, Refused):
            return name
        for form in dict.fromkeys(
            (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
        ):
            try:
                return self._read(wanted, form, most)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                return Refused(wanted.url, "forbidden", f"its file can't be read: {error.strerror}")
        return Refused(wanted.url, "missing", "the folder has no such file")

    def close(self) -> None:
        """See `Origin`."""

    def _read(self, wanted: Wanted, name: str, most: int) -> Fetched | Refused | Unchanged:
        path = (self.folder / name).resolve(strict=True)
        if not path.is_relative_to(self.folder):
            return Refused(wanted.url, "host", "it lies outside the folder that images may be read from")
        # Never waits for the other end of a pipe that somebody put there.
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        facts = os.fstat(opened)
        if not stat.S_ISREG(facts.st_mode):
            os.close(opened)
            return Refused(wanted.url, "missing", "it is no file")
        with os.fdopen(opened, "rb") as file:
            etag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
            if wanted.etag == etag:
                return Unchanged(wanted.url)
            body = file.read(most + 1)
        return too_large(wanted.url, most) if len(body) > most else Fetched(wanted.url, body, etag)
