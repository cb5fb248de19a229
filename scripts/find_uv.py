"""Print the path of a `uv` that can install the locked environment; download it when the machine has none.

Runs before anything is installed, so it needs the standard library only (no pip, no venv, no ensurepip). Which uv is
downloaded, from where and with which SHA-256 stands in `uv.lock` (dependency group `bootstrap`).
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPResponse, IncompleteRead
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_USABLE = (0, 9)  # the lower bound of `uv_build` in pyproject.toml
ATTEMPTS = 3
SECONDS_BETWEEN_LINES = 3.0


def main() -> int:
    """Print the path; 1 when there is no uv and none could be downloaded."""
    try:
        print(installed_uv() or downloaded_uv())
    except (OSError, LookupError, ValueError) as error:
        print(f"find_uv: {error}", file=sys.stderr)
        print(
            "find_uv: install uv yourself (any of `pip install uv`, `pipx install uv`) and try again",
            file=sys.stderr,
        )
        return 1
    return 0


def installed_uv() -> str | None:
    """The uv that `$UV` names or that stands on the PATH, when it is recent enough."""
    candidate = shutil.which(os.environ.get("UV") or "uv")
    if candidate is None:
        return None
    answer = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"uv (\d+)\.(\d+)", answer.stdout)
    return candidate if version and (int(version[1]), int(version[2])) >= OLDEST_USABLE else None


def downloaded_uv() -> str:
    """The locked uv, in `.tools/`: taken from its wheel once, and kept there."""
    version, url, sha256 = locked_wheel((ROOT / "uv.lock").read_text(encoding="utf-8"), wheel_tag())
    program = ROOT / ".tools" / f"uv-{version}" / "uv"
    if not program.exists():
        say(f"downloading uv {version}, which installs everything else")
        wheel = fetch(url)
        found = hashlib.sha256(wheel).hexdigest()
        if found != sha256:
            raise ValueError(f"{url} has SHA-256 {found}, but uv.lock says {sha256}")
        program.parent.mkdir(parents=True, exist_ok=True)
        unfinished = program.with_name(f"uv.{os.getpid()}")
        with zipfile.ZipFile(BytesIO(wheel)) as archive:
            unfinished.write_bytes(archive.read(f"uv-{version}.data/scripts/uv"))
        unfinished.chmod(0o755)
        unfinished.replace(program)
    return str(program)


def wheel_tag() -> str:
    """A pattern for the platform part of the wheel's file name."""
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    if sys.platform == "darwin":
        return r"macosx_\d+_\d+_" + {"aarch64": "arm64"}.get(machine, machine)
    if sys.platform.startswith("linux"):
        libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
        return rf"{libc}_\d+_\d+_{machine}\b"
    raise LookupError(f"no uv is locked for {sys.platform}: this project runs on Linux and macOS")


def locked_wheel(lock: str, tag: str) -> tuple[str, str, str]:
    """Version, address and SHA-256 of the uv wheel for a platform, out of the text of `uv.lock`.

    A regular expression does it, because `tomllib` came with Python 3.11 and 3.10 is supported.
    """
    package = re.search(
        r'\[\[package\]\]\nname = "uv"\nversion = "([^"]+)".*?(?=\n\[\[package\]\]|\Z)', lock, re.DOTALL
    )
    if package is None:
        raise LookupError("uv.lock has no package `uv`: run `uv lock`")
    for url, sha256 in re.findall(r'url = "([^"]+\.whl)", hash = "sha256:([0-9a-f]{64})"', package[0]):
        if re.search(tag, url):
            return package[1], url, sha256
    raise LookupError(f"uv.lock has no uv wheel for {platform.platform()} (looked for {tag})")


def fetch(url: str) -> bytes:
    """The bytes at an address; a failed connection is tried again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=60, context=tls_context()) as response:
                return read(response)
        except (urllib.error.URLError, TimeoutError, ConnectionError, IncompleteRead) as error:
            if attempt == ATTEMPTS or isinstance(
                getattr(error, "reason", None), ssl.SSLCertVerificationError
            ):
                raise OSError(f"cannot download {url}: {error}") from error
            say(f"{error}; once more")
            time.sleep(attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def read(response: HTTPResponse) -> bytes:
    """The whole answer, saying every few seconds how much of it is there. Raises IncompleteRead."""
    parts: list[bytes] = []
    so_far, whole, said = 0, response.length, time.monotonic()
    while part := response.read(256 * 1024):
        parts.append(part)
        so_far += len(part)
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            say(f"{so_far / 1e6:.0f} of {whole / 1e6:.0f} MB" if whole else f"{so_far / 1e6:.0f} MB")
    if whole is not None and so_far < whole:
        raise IncompleteRead(b"", whole - so_far)
    return b"".join(parts)


def say(text: str) -> None:
    """A line for people: the path alone goes to stdout."""
    print(f"find_uv: {text}", file=sys.stderr, flush=True)


def tls_context() -> ssl.SSLContext:
    """TLS that trusts what the machine trusts, and the bundle of PIP_CERT.

    A minimal machine has no certificates at all. There the download goes unauthenticated, which is safe: what is
    accepted is decided by the SHA-256 in `uv.lock`, not by who served it.
    """
    context = ssl.create_default_context()
    extra = os.environ.get("PIP_CERT")
    if extra:
        context.load_verify_locations(cafile=extra)
    directory = ssl.get_default_verify_paths().capath  # its certificates are read only when they are needed
    has_directory = bool(directory) and any(Path(directory).iterdir())
    if not has_directory and context.cert_store_stats()["x509_ca"] == 0:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main())
