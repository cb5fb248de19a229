"""A value that a server can't make a text of is not taken for an equal one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.mapping import Mapping, old
from tests.drift.rig import drift, mended, verified
from tests.transfer.rig import Rig, copy

HALF_A_PACKET = 8 * 1024 * 1024
"""Twice as long in hexadecimal: more than the servers' max_allowed_packet, 16 MiB, has room for beside anything else."""


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_a_value_larger_than_a_packet_as_text_is_compared(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    large = sa.LargeBinary(2**24) if kind == "mariadb" else sa.LargeBinary()
    for engine in (r.old, r.new):
        columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", large))
        sa.Table("page", sa.MetaData(), *columns).create(engine)
    page = sa.table("page", sa.column("id"), sa.column("body"))

    def body(letter: str, size: int) -> sa.ColumnElement[bytes]:
        made = sa.func.repeat(letter, size)
        return made if kind == "mariadb" else sa.func.convert_to(made, "UTF8")

    with r.old.begin() as connection:
        for number, size in ((1, 10), (2, HALF_A_PACKET + 1), (3, HALF_A_PACKET + 1), (4, 10)):
            connection.execute(
                page.insert().from_select(["id", "body"], sa.select(sa.literal(number), body("a", size)))
            )
    root = old("shop", "page")
    project = r.project(Mapping("page", root, {"body": root.body}))
    assert all(done.error is None and not done.rejects_open for done in copy(project))
    assert drift(project, verified(project)) == {}

    with r.new.begin() as connection:
        connection.execute(page.update().where(page.c.id == 3).values(body=body("b", HALF_A_PACKET + 1)))
    assert drift(project, verified(project)) == {"page": {"3": ("different", ("body",))}}
    assert [one.key for one in mended(project) if one.mended] == ["3"]
    assert drift(project, verified(project)) == {}
