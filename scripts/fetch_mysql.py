"""Print the folder of a MySQL server; download it from Debian's archive when it isn't there yet.

Debian's stable releases have MariaDB only. Its unstable one has MySQL, whose packages need newer libraries than the machine's:
so nothing is installed. The server and the libraries that it needs are unpacked into `.tools/`, and run with the dynamic loader
that is among them. What was downloaded is what the archive's index says by its SHA-256, and the index what its release file
says, which is fetched over TLS.

MYSQL_SUITE names another suite, or a snapshot's (`https://snapshot.debian.org/archive/debian/20260101T000000Z/` as DEBIAN_ARCHIVE).
"""

from __future__ import annotations

import hashlib
import lzma
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = os.environ.get("DEBIAN_ARCHIVE", "https://deb.debian.org/debian").rstrip("/")
SUITE = os.environ.get("MYSQL_SUITE", "sid")
SERVER = "mysql-server-core"
ATTEMPTS = 3

Package = Mapping[str, str]


def main() -> int:
    """Print the folder; 1 when there is no server and none could be downloaded."""
    try:
        print(installed() or downloaded())
    except (OSError, LookupError, ValueError, subprocess.CalledProcessError) as error:
        print(f"fetch_mysql: {error}", file=sys.stderr)
        return 1
    return 0


def installed() -> Path | None:
    """The newest server that was unpacked before."""
    found = [folder for folder in (ROOT / ".tools").glob("mysql-*") if (folder / "usr/sbin/mysqld").exists()]
    return max(found, key=lambda folder: folder.stat().st_mtime, default=None)


def downloaded() -> Path:
    """The server of the suite, unpacked with its libraries."""
    packages = index(architecture())
    needed = closure(packages)
    folder = ROOT / ".tools" / f"mysql-{packages[SERVER]['Version']}"
    print(
        f"fetch_mysql: downloading MySQL {packages[SERVER]['Version']} and {len(needed) - 1} libraries",
        file=sys.stderr,
    )
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        tree = Path(unfinished) / "tree"
        for package in needed:
            archive = Path(unfinished) / "package.deb"
            archive.write_bytes(fetch(f"{ARCHIVE}/{package['Filename']}", package["SHA256"]))
            subprocess.run(["dpkg-deb", "-x", str(archive), str(tree)], check=True)
        shutil.rmtree(folder, ignore_errors=True)
        tree.rename(folder)
    return folder


def architecture() -> str:
    """Debian's name of this machine's kind."""
    machine = platform.machine()
    known = {"x86_64": "amd64", "aarch64": "arm64"}
    if machine not in known or not sys.platform.startswith("linux"):
        raise LookupError(
            f"Debian's MySQL runs on Linux on {' and '.join(known)}, not on {sys.platform} on {machine}"
        )
    return known[machine]


def index(kind: str) -> dict[str, Package]:
    """The packages of the suite by name, and by the names that they stand for."""
    path = f"main/binary-{kind}/Packages.xz"
    release = fetch(f"{ARCHIVE}/dists/{SUITE}/InRelease").decode()
    listed = re.search(rf"^ ([0-9a-f]{{64}}) +\d+ {re.escape(path)}$", release, re.MULTILINE)
    if listed is None:
        raise LookupError(f"the release file of {SUITE} has no {path}")
    text = lzma.decompress(fetch(f"{ARCHIVE}/dists/{SUITE}/{path}", listed[1])).decode()
    packages: dict[str, Package] = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", paragraph, re.MULTILINE))
        if "Package" in fields:
            packages[fields["Package"]] = fields
            for provided in names(fields.get("Provides", "")):
                packages.setdefault(provided, fields)
    if SERVER not in packages:
        raise LookupError(f"{SUITE} has no package {SERVER}")
    return packages


def closure(packages: Mapping[str, Package]) -> list[Package]:
    """The server and the libraries that it needs, of whatever depth. Scripts of the packages are not run: no Perl."""
    found: dict[str, Package] = {}
    todo = [SERVER]
    while todo:
        package = packages[todo.pop()]
        if package["Package"] in found:
            continue
        found[package["Package"]] = package
        wanted = names(package.get("Depends", "") + "," + package.get("Pre-Depends", ""))
        todo += [name for name in wanted if name.startswith("lib") or name == "zlib1g"]
    return list(found.values())


def names(dependencies: str) -> Iterator[str]:
    """The package that each of a field's dependencies names first."""
    for alternatives in dependencies.split(","):
        if found := re.match(r"\s*([a-z0-9][a-z0-9.+-]*)", alternatives):
            yield found[1]


def fetch(url: str, sha256: str | None = None) -> bytes:
    """The bytes at an address, which must have the digest; a failed connection is tried again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=60, context=ssl.create_default_context()) as response:
                content: bytes = response.read()
            break
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if attempt == ATTEMPTS:
                raise OSError(f"cannot download {url}: {error}") from error
            time.sleep(attempt)
    else:
        raise AssertionError("unreachable: the last attempt ends the loop or raises")
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ValueError(f"{url} has SHA-256 {found}, but the archive's index says {sha256}")
    return content


if __name__ == "__main__":
    sys.exit(main())
