"""Rows of many images take memory by the chunk, not by the table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.image_sets.listed import BASE
from tests.transfer.rig import Rig

TIMES = 10
GROWTH = 1.25
"""Chunks reach their full size in the larger table alone: of 2,000 and 20,000 rows of 20 images 1.16 was measured."""


def peak(r: Rig, rows: list[dict[str, str | int | None]]) -> int:
    """Kilobytes that it takes to copy these rows and to move their images."""
    columns = [sa.Column("img", sa.Text), sa.Column("html", sa.Text)]
    table = sa.Table("tb_product", sa.MetaData(), sa.Column("no", sa.Integer, primary_key=True), *columns)
    table.create(r.old)
    with r.old.begin() as connection:
        for start in range(0, len(rows), 500):
            connection.execute(table.insert(), rows[start : start + 500])
    columns = [sa.Column("image", sa.Text), sa.Column("body", sa.Text)]
    sa.Table("product", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *columns).create(r.new)
    urls = [url.render_as_string(hide_password=False) for url in (r.old_urls["shop"], r.new_url)]
    command = [sys.executable, "-m", "tests.image_sets.listed", *urls]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert r.rows("changeover_image_wait") == []
    return int(done.stdout)


def listed(no: int, images: int) -> dict[str, str | int | None]:
    """A row with a list; neighbours share most of its images."""
    return {"no": no, "img": json.dumps([f"{BASE}up/{no * 3 + n}.png" for n in range(images)]), "html": None}


def page(no: int) -> dict[str, str | int | None]:
    """A row with 50 KB of HTML and ten images."""
    parts = (f"{'lorem ipsum ' * 400}<img src='{BASE}up/{no * 3 + n}.png'>" for n in range(10))
    return {"no": no, "img": None, "html": "".join(parts)}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("row", "rows"), [(lambda no: listed(no, 20), 400), (page, 60), (lambda no: listed(no, 5_000), 1)]
)
def test_memory_does_not_grow_with_the_number_of_rows(
    rig: Callable[..., Rig], row: Callable[[int], dict[str, str | int | None]], rows: int
) -> None:
    few, many = (peak(rig("sqlite"), [row(no) for no in range(1, n + 1)]) for n in (rows, rows * TIMES))
    assert many < few * GROWTH, (few, many)
