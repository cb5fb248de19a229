"""Rows of which a server can't send as many at once as there are keys: whoever applies by keys asks for fewer."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from changeover.mapping import Mapping, lookup, old
from changeover.project import Project
from changeover.transfer import by_keys, chunk_size, compare, reapply
from changeover.transfer.by_keys import apply_keys
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from tests.drift.rig import drift, mended, verified
from tests.transfer.rig import Rig, copy

COUNT = 40
"""Of a mebibyte each, of which the server's packets, of 16 MiB, hold a dozen."""


def books(r: Rig) -> Project:
    """Shelves and their wide books, old and new."""
    for engine in (r.old, r.new):
        r.run(
            engine,
            "CREATE TABLE shelf (id INT PRIMARY KEY)",
            "CREATE TABLE book (id INT PRIMARY KEY, shelf_id INT, body LONGTEXT)",
        )
    r.run(
        r.old,
        "INSERT INTO shelf VALUES (1)",
        f"INSERT INTO book SELECT seq, 1, REPEAT('a', 1048576) FROM seq_1_to_{COUNT}",
    )
    shelf, book = old("shop", "shelf"), old("shop", "book")
    return r.project(
        Mapping("shelf", shelf, {}),
        Mapping("book", book, {"shelf_id": lookup("shelf", book.shelf_id), "body": book.body}),
    )


def test_wide_rows_that_waited_arrive(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb", shop="mariadb", workers=1)
    project = books(r)
    copy(project, "shop.book")
    assert r.rows("book") == []
    copy(project, "shop.shelf")
    assert reapply(project, mapping="book").left == 0
    assert [one for one in compare(project, "shop.book") if not one.equal] == []
    assert len(r.rows("book", "id")) == COUNT


def test_wide_rows_that_drifted_are_mended(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb", shop="mariadb", workers=1)
    project = books(r)
    copy(project, "shop.shelf")
    copy(project, "shop.book")
    r.run(r.new, "UPDATE book SET body = REPEAT('b', 1048576)")
    assert len(drift(project, verified(project))["book"]) == COUNT
    assert sum(one.mended for one in mended(project)) == COUNT
    assert drift(project, verified(project)) == {}


def test_a_few_wide_rows_make_the_next_ones_fewer(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (by_keys, chunk_size):
        monkeypatch.setattr(module, "SECONDS", 60.0)  # however slow the machine is, it is their size
    r = rig("mariadb", shop="mariadb", workers=1)
    project = books(r)
    move, size = project.move("shop.book"), ChunkSize(250)
    for _ in apply_keys(project, move, [str(n) for n in range(1, 6)], Pool(), threading.Event(), size=size):
        pass
    assert size.rows <= 4
