"""A folder gives the files that lie in it, and nothing else of the machine."""

from __future__ import annotations

import os
import threading
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from changeover.images.image import Refused, Unchanged, Wanted
from changeover.images.origins.folder import FolderOrigin
from changeover.images.origins.origin import Fetched
from changeover.images.url import normal

BASE = "http://img.old.example/up/"


def fetch(
    folder: Path, path: str, most: int = 1_000, etag: str | None = None
) -> Fetched | Refused | Unchanged:
    return FolderOrigin(folder, BASE).fetch(Wanted(normal(path, BASE), etag), most, threading.Event())


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_a_file_is_found_in_either_unicode_form(
    tmp_path: Path, stored: Literal["NFC", "NFD"], asked: Literal["NFC", "NFD"]
) -> None:
    file = tmp_path / unicodedata.normalize(stored, "가/상품 1.jpg")
    file.parent.mkdir()
    file.write_bytes(b"1")
    found = fetch(tmp_path, unicodedata.normalize(asked, "가/상품 1.jpg?v=3"))
    assert isinstance(found, Fetched)
    assert found.body == b"1"


def test_a_file_that_has_not_changed_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1")
    first = fetch(tmp_path, "a.jpg")
    assert isinstance(first, Fetched)
    assert fetch(tmp_path, "a.jpg", etag=first.etag) == Unchanged(f"{BASE}a.jpg")
    (tmp_path / "a.jpg").write_bytes(b"22")
    assert isinstance(fetch(tmp_path, "a.jpg", etag=first.etag), Fetched)


@pytest.mark.parametrize(
    "path", ["..%2fsecret", "a/..%2f..%2fsecret", "%2fetc%2fpasswd", "link", "folder-link/secret"]
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "images"
    (folder / "a").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder-link").symlink_to(tmp_path)
    found = fetch(folder, path)
    assert isinstance(found, Refused)
    assert found.reason in ("host", "missing")


def test_what_is_no_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path in ("folder", "pipe", "none", "none/none", "a%00b"):
        found = fetch(tmp_path, path)
        assert isinstance(found, Refused)
        assert found.reason in ("missing", "url")


def test_a_file_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1" * 11)
    found = fetch(tmp_path, "a", most=10)
    assert isinstance(found, Refused)
    assert found.reason == "too large"
    assert isinstance(fetch(tmp_path, "a", most=11), Fetched)


def test_a_url_elsewhere_is_none_of_the_folders(tmp_path: Path) -> None:
    for url in ("http://img.old.example/other/a", "http://evil.example/up/a"):
        found = FolderOrigin(tmp_path, BASE).fetch(Wanted(url), 10, threading.Event())
        assert isinstance(found, Refused)
        assert found.reason == "host"
