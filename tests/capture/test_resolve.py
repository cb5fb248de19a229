"""A change of a table that a mapping only reads reaches the rows that were made from it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import func

from changeover.capture import sync
from changeover.mapping import Mapping, left_join, old
from tests.capture.scene import installed, target
from tests.transfer.rig import KINDS, Rig, compared, copy

item, tag = old("shop", "item"), old("shop", "tag")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nested", [False, True])
def test_a_table_that_is_asked_by_an_expression(rig: Callable[..., Rig], kind: str, nested: bool) -> None:
    r = rig(kind, shop=kind)
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))",
        "CREATE TABLE tag (code VARCHAR(10) PRIMARY KEY, label VARCHAR(10))",
        "INSERT INTO tag VALUES ('a', 'x'), ('b', 'y')",
        "INSERT INTO item VALUES (1, ' A'), (2, 'b '), (3, 'A'), (4, NULL)",
    )
    target(r)
    same = func.upper(func.trim(tag.code)) == func.upper(func.trim(item.code))
    if nested:
        label = sa.select(func.max(tag.label)).select_from(tag.from_).where(same).scalar_subquery()
        project = installed(r, Mapping("thing", item, {"a": label}))
    else:
        project = installed(r, Mapping("thing", item, {"a": tag.label}, joins=(left_join(tag, same),)))
    copy(project)
    r.run(r.old, "UPDATE tag SET label = 'new' WHERE code = 'a'", "DELETE FROM tag WHERE code = 'b'")
    list(sync.run(project, "shop", stop=threading.Event(), once=True))
    assert r.rows("thing", "id", "a") == [(1, "new"), (2, None), (3, "new"), (4, None)]
    r.run(r.old, "UPDATE tag SET code = 'B' WHERE code = 'a'")
    list(sync.run(project, "shop", stop=threading.Event(), once=True))
    assert r.rows("thing", "id", "a") == [(1, None), (2, "new"), (3, None), (4, None)]
    assert all(one.equal for one in compared(project))
