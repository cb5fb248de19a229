"""The uv that a bare machine downloads: there is one for each platform, and a wrong one is refused."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import platform
import re
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "uv.lock").read_text(encoding="utf-8")


@pytest.fixture
def find_uv() -> ModuleType:
    spec = importlib.util.spec_from_file_location("find_uv", ROOT / "scripts" / "find_uv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64"),
        ("linux", "aarch64", "glibc", "manylinux_2_17_aarch64"),
        ("linux", "x86_64", "", "musllinux_1_1_x86_64"),
        ("linux", "aarch64", "", "musllinux_1_1_aarch64"),
        ("darwin", "arm64", "", "macosx_11_0_arm64"),
        ("darwin", "x86_64", "", "macosx_10_12_x86_64"),
    ],
)
def test_the_lock_has_a_uv_for_each_platform(
    find_uv: ModuleType, monkeypatch: pytest.MonkeyPatch, system: str, machine: str, libc: str, expected: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, ""))
    version, url, sha256 = find_uv.locked_wheel(LOCK, find_uv.wheel_tag())
    assert expected in url
    assert f"uv-{version}-" in url
    assert len(sha256) == 64


def test_a_uv_with_another_hash_is_refused(
    find_uv: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "uv.lock").write_text(LOCK, encoding="utf-8")
    monkeypatch.setattr(find_uv, "ROOT", tmp_path)
    monkeypatch.setattr(find_uv, "fetch", lambda _: b"something else")
    with pytest.raises(ValueError, match=r"SHA-256 .* but uv\.lock says"):
        find_uv.downloaded_uv()
    assert not (tmp_path / ".tools").exists()


def test_a_uv_with_the_right_hash_is_unpacked_once(
    find_uv: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    version, url, sha256 = find_uv.locked_wheel(LOCK, find_uv.wheel_tag())
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"uv-{version}.data/scripts/uv", "#!/bin/sh\n")
    lock = LOCK.replace(sha256, hashlib.sha256(wheel.getvalue()).hexdigest())
    (tmp_path / "uv.lock").write_text(lock, encoding="utf-8")
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return wheel.getvalue()

    monkeypatch.setattr(find_uv, "ROOT", tmp_path)
    monkeypatch.setattr(find_uv, "fetch", fetch)
    assert find_uv.downloaded_uv() == find_uv.downloaded_uv()
    assert asked == [url]


def test_the_lock_names_no_server_but_pypi() -> None:
    assert set(re.findall(r'https?://([^/"]+)', LOCK)) == {"pypi.org", "files.pythonhosted.org"}


class Answer(io.BytesIO):
    """An HTTP answer of an announced length."""

    def __init__(self, body: bytes, length: int | None) -> None:
        super().__init__(body)
        self.length = length


def test_a_long_download_says_how_far_it_is(
    find_uv: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(find_uv, "SECONDS_BETWEEN_LINES", 0.0)
    body = bytes(5_000_000)
    assert find_uv.read(Answer(body, len(body))) == body
    out, err = capsys.readouterr()
    assert out == ""
    assert "find_uv: 3 of 5 MB" in err.splitlines()


def test_a_download_that_was_cut_off_is_no_answer(find_uv: ModuleType) -> None:
    with pytest.raises(find_uv.IncompleteRead):
        find_uv.read(Answer(b"half", 8))
