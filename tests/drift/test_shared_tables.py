"""Tables that several old databases and the new application share: each mapping answers for its own part of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.mapping import Assigned, Mapping, Offset, lookup, old
from changeover.project import Project
from tests.drift.rig import drift, mended, verified
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
OFFSET = 1_000


def shared(r: Rig) -> Project:
    """People of two databases are one where their addresses are; their notes come from both, the second's shifted."""
    for name, people in (("shop", (1, 2, 3)), ("community", (2, 3, 4))):
        table = sa.Table(
            "person",
            sa.MetaData(),
            sa.Column("no", sa.Integer, primary_key=True),
            sa.Column("email", sa.String(30)),
            sa.Column("nm", sa.String(30)),
        )
        note = sa.Table(
            "note",
            sa.MetaData(),
            sa.Column("no", sa.Integer, primary_key=True),
            sa.Column("who", sa.Integer),
            sa.Column("txt", sa.String(30)),
        )
        table.create(r.olds[name])
        note.create(r.olds[name])
        with r.olds[name].begin() as connection:
            connection.execute(
                table.insert(), [{"no": n, "email": f"p{n}@x", "nm": f"{name} {n}"} for n in people]
            )
            connection.execute(
                note.insert(), [{"no": n, "who": people[n % 3], "txt": f"{n}"} for n in range(1, 9)]
            )
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    new = sa.MetaData()
    sa.Table(
        "people",
        new,
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("email", sa.String(30), unique=True),
        sa.Column("name", sa.String(30)),
        sa.Column("nick", sa.String(30)),
        sa.Column("seen", sa.Integer),
    )
    sa.Table(
        "notes",
        new,
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("person_id", big),
        sa.Column("txt", sa.String(30)),
    )
    new.create_all(r.new)
    return r.project(*_people(), *_notes())


def _people() -> list[Mapping]:
    shop, community = old("shop", "person"), old("community", "person")
    return [
        Mapping("people", shop, {"email": shop.email, "name": shop.nm}, ids=Assigned(match=("email",))),
        Mapping(
            "people",
            community,
            {"email": community.email, "nick": community.nm},
            ids=Assigned(match=("email",), priority=1),
        ),
    ]


def _notes() -> list[Mapping]:
    found: list[Mapping] = []
    ids: dict[str, Any] = {"community": {"ids": Offset(OFFSET)}}
    for name in ("shop", "community"):
        note = old(name, "note")
        columns = {"person_id": lookup("people", note.who), "txt": note.txt}
        found.append(Mapping("notes", note, columns, **ids.get(name, {})))
    return found


@every_kind
def test_each_part_of_a_shared_row_is_verified_and_mended_by_itself(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind, shop=kind, community=kind)
    project = shared(r)
    assert all(done.error is None and not done.rejects_open for done in copy(project))
    found = verified(project)
    assert drift(project, found) == {}
    assert all(one.equal for one in found)

    r.run(r.new, "UPDATE people SET seen = 7, nick = 'by hand' WHERE email = 'p2@x'")
    r.run(r.new, "UPDATE notes SET txt = 'by hand' WHERE id = 1003")
    told = {(ended.range.root, one.key, one.columns) for ended in verified(project) for one in ended.findings}
    assert told == {("community.person", "2", ("nick",)), ("community.note", "3", ("txt",))}
    assert all(one.mended for one in mended(project))
    assert drift(project, verified(project)) == {}
    # The new application's own column stays.
    assert ("p2@x", "shop 2", "community 2", 7) in r.rows("people", "email", "name", "nick", "seen")


@every_kind
def test_rows_that_the_new_application_made_in_a_shared_table_are_no_drift(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind, shop=kind, community=kind)
    project = shared(r)
    copy(project)
    r.run(r.new, "INSERT INTO people (id, email, name) VALUES (90000000, 'new@x', 'of the new application')")
    r.run(r.new, "INSERT INTO notes (id, person_id, txt) VALUES (90000000, 90000000, 'new')")
    found = verified(project)
    assert drift(project, found) == {}
    assert all(one.equal for one in found)
    assert sum(one.compared for ended in found for one in ended.results) == 22


@every_kind
def test_a_row_that_leads_to_another_person_is_found_in_the_column_of_the_lookup(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind, shop=kind, community=kind)
    project = shared(r)
    copy(project)
    r.run(r.new, "UPDATE notes SET person_id = person_id + 1 WHERE id = 2")
    assert drift(project, verified(project)) == {"notes": {"2": ("different", ("person_id",))}}
