"""The MySQL that tests run on: it is unpacked with what it needs, and a package that isn't what the index says is refused."""

from __future__ import annotations

import hashlib
import importlib.util
import lzma
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fetch_mysql.py"
PACKAGES = {
    "mysql-server-core": ("usr/sbin/mysqld", "libc6 (>= 2.42), libnuma1 | libother, perl"),
    "libc6": ("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", ""),
    "libnuma1t64": ("usr/lib/libnuma.so.1", "libc6"),
    "perl": ("usr/bin/perl", "libc6"),
}

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")


@pytest.fixture
def fetch_mysql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_mysql", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "ARCHIVE", f"file://{tmp_path}/archive")
    monkeypatch.setattr(module, "architecture", lambda: "amd64")
    return module


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of four packages; one of them is asked for by a name that it stands for."""
    made = tmp_path / "archive"
    (made / "pool").mkdir(parents=True)
    paragraphs: list[str] = []
    for name, (file, depends) in PACKAGES.items():
        tree = tmp_path / "build" / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / file).parent.mkdir(parents=True)
        (tree / file).touch()
        fields = f"Package: {name}\nVersion: 9.7.4-2\nArchitecture: amd64\nMaintainer: me\nDescription: d\n"
        fields += f"Depends: {depends}\n" if depends else ""
        fields += "Provides: libnuma1 (= 2)\n" if name == "libnuma1t64" else ""
        (tree / "DEBIAN" / "control").write_text(fields)
        package = made / "pool" / f"{name}.deb"
        subprocess.run(["dpkg-deb", "-b", str(tree), str(package)], check=True, capture_output=True)
        paragraphs.append(f"{fields}Filename: pool/{name}.deb\nSHA256: {_digest(package.read_bytes())}")
    index = lzma.compress("\n\n".join(paragraphs).encode())
    place = made / "dists" / "sid" / "main" / "binary-amd64"
    place.mkdir(parents=True)
    (place / "Packages.xz").write_bytes(index)
    listed = f"SHA256:\n {_digest(index)} {len(index)} main/binary-amd64/Packages.xz\n"
    (made / "dists" / "sid" / "InRelease").write_text(listed)
    return made


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("archive")
def test_the_server_is_unpacked_once_with_the_libraries_that_it_needs(fetch_mysql: ModuleType) -> None:
    folder = fetch_mysql.downloaded()
    assert fetch_mysql.installed() == folder
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {file for name, (file, _) in PACKAGES.items() if name != "perl"}


def test_a_package_that_is_not_what_the_index_says_is_refused(fetch_mysql: ModuleType, archive: Path) -> None:
    (archive / "pool" / "libnuma1t64.deb").write_bytes(b"another")
    with pytest.raises(ValueError, match="the archive's index says"):
        fetch_mysql.downloaded()
    assert fetch_mysql.installed() is None


def test_an_index_that_is_not_what_the_release_says_is_refused(
    fetch_mysql: ModuleType, archive: Path
) -> None:
    (archive / "dists/sid/main/binary-amd64/Packages.xz").write_bytes(lzma.compress(b"Package: another"))
    with pytest.raises(ValueError, match="SHA-256"):
        fetch_mysql.downloaded()
