"""Finding a server's programs, and saying which Debian package has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path


class MissingProgram(RuntimeError):
    """A program that a private server is made of is not installed."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"{program} was not found; it comes with Debian's package `{package}`: "
            f"apt-get install --no-install-recommends {package}"
        )


def find_program(name: str, package: str, folders: Sequence[Path] = ()) -> Path:
    """The path of a program: from the given folders first, then from the PATH and the system's sbin folders.

    Raises MissingProgram, which names the Debian package that brings it.
    """
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingProgram(name, package)
    return Path(found)
