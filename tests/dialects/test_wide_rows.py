"""A table of very wide rows is copied in blocks that memory has room for, whatever a chunk's number of rows would be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.dialects.block import MOST_BYTES, Block
from changeover.mapping import Mapping, old
from tests.transfer.rig import KINDS, Rig, assert_settled, copy

WIDTH, ROWS = 400_000, 60


@pytest.mark.parametrize("kind", KINDS)
def test_no_block_of_several_rows_is_larger_than_the_limit(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    text = sa.Text(2**24) if kind == "mariadb" else sa.Text()
    for engine in (r.old, r.new):
        sa.Table(
            "page",
            sa.MetaData(),
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("body", text, nullable=False),
        ).create(engine)
    page = sa.table("page", sa.column("id"), sa.column("body"))
    line = "a line\tof a page, 한국어\\\n"
    body = line * (WIDTH // len(line))
    with r.old.begin() as connection:
        connection.execute(page.insert(), [{"id": n, "body": f"{n} {body}"} for n in range(ROWS)])
    sizes: list[int] = []

    root = old("shop", "page")
    project = r.project(Mapping("page", root, {"body": root.body}))
    dialect = type(project.old["shop"].dialect)
    read = dialect.read
    monkeypatch.setattr(dialect, "read", lambda self, *args: _noted(read(self, *args), sizes))
    done = copy(project)

    assert sum(sizes) > ROWS * WIDTH
    assert max(sizes) <= MOST_BYTES + 2 * WIDTH
    assert r.rows("page") == sorted(((n, f"{n} {body}") for n in range(ROWS)), key=repr)
    assert_settled(project, done)


def _noted(block: Block, sizes: list[int]) -> Block:
    sizes.append(len(block.data))
    return block
