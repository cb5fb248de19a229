"""Which mappings get direct mode, and what installing, watching and uninstalling it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.capture.install import CannotInstall, install, uninstall
from changeover.capture.watch import look
from changeover.mapping import Assigned, ImageSet, Mapping, image, left_join, old, python, utc
from tests.capture.direct_scene import OneServer, Sites, item, items, things, unequal
from tests.capture.scene import entries
from tests.capture.test_install import application, left_behind
from tests.mysql_kind import mariadb_only
from tests.transfer.rig import Rig

pytestmark = mariadb_only("direct mode is MariaDB's and PostgreSQL's")
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
Rigs = Callable[..., Rig]
other = old("shop", "other")


def why(r: OneServer, *mappings: Mapping) -> str:
    """Why the first of the mappings that ask for it has no direct mode."""
    project = r.project(*mappings)
    install(project)
    (mode, *_) = r.modes(project)
    assert mode.mode == "outbox"
    return mode.why


MAPPINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "assigned ids": ("id map", {"ids": Assigned()}),
    "a join": ("joins", {"joins": (left_join(other, other.no == item.no),)}),
    "a Python function": ("Python function", {"extra": {"note": python(lambda codes: codes, item.code)}}),
    "images": (
        "images",
        {"extra": {"note": image(item.code, images=ImageSet("photos", hosts=("img.example.com",)))}},
    ),
    "a subquery": (
        "not known to be free",
        {"extra": {"note": sa.select(other.label).where(other.no == item.no).scalar_subquery()}},
    ),
    "words of SQL": ("SQL as text", {"extra": {"note": sa.literal_column("code")}}),
    "a function that may depend on the session": ("calls md5()", {"extra": {"note": sa.func.md5(item.code)}}),
    "a filter with one": ("where= calls md5()", {"where": sa.func.md5(item.code) > "1"}),
}


@servers
@pytest.mark.parametrize("what", MAPPINGS)
def test_a_mapping_that_a_trigger_can_not_follow_stays_with_the_outbox(
    site: Sites, kind: str, what: str
) -> None:
    r = items(site, kind)
    r.run(r.old, "CREATE TABLE other (no INTEGER PRIMARY KEY, label VARCHAR(10))")
    said, options = MAPPINGS[what]
    assert said in why(r, things(r, **options))
    r.each("INSERT INTO item VALUES (3, 'c', '0', 1, NULL)")
    assert r.new_rows("thing") == []
    assert [key for _, key in entries(r)] == ["3"]


TARGETS = {
    "mariadb": {
        "second unique index": "ALTER TABLE thing ADD UNIQUE (a)",
        "has a trigger": "CREATE TRIGGER t BEFORE INSERT ON thing FOR EACH ROW SET NEW.note = 'x'",
        "MyISAM": "ALTER TABLE thing DROP FOREIGN KEY thing_ibfk_1; ALTER TABLE thing ENGINE=MyISAM",
        "FULLTEXT": "ALTER TABLE thing ADD FULLTEXT (note)",
        "TIMESTAMP": "ALTER TABLE thing MODIFY at TIMESTAMP NULL",
    },
    "postgres": {
        "deferrable": "ALTER TABLE fresh.thing ADD UNIQUE (a) DEFERRABLE",
        "has a trigger": "CREATE TRIGGER t BEFORE UPDATE ON fresh.thing FOR EACH ROW EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()",
        "rules": "CREATE RULE r AS ON DELETE TO fresh.thing DO INSTEAD NOTHING",
        "counts by itself": "ALTER TABLE fresh.thing ADD COLUMN counted BIGSERIAL",
    },
}


@pytest.mark.parametrize(
    ("kind", "said"), [(kind, said) for kind, several in TARGETS.items() for said in several]
)
def test_a_target_that_can_not_be_written_safely_stays_with_the_outbox(
    site: Sites, kind: str, said: str
) -> None:
    r = items(site, kind)
    r.run(r.new, *TARGETS[kind][said].split("; "))
    at = {"at": utc(item.at, "UTC")} if said == "TIMESTAMP" else {}
    assert said in why(r, things(r, extra=at))


@pytest.mark.parametrize(
    ("new", "shop", "reason"),
    [
        ("mariadb", "postgres", "are of two kinds"),
        ("postgres", "mariadb", "are of two kinds"),
        ("postgres", "postgres", "are not in one database"),
        ("sqlite", "sqlite", "in SQLite a file is a database"),
    ],
)
def test_two_places_have_none(rig: Rigs, new: str, shop: str, reason: str) -> None:
    r = rig(new, shop=shop)
    r.run(r.old, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))")
    r.run(r.new, "CREATE TABLE thing (id INTEGER PRIMARY KEY, a VARCHAR(10))")
    said: list[str] = []
    install(r.project(Mapping("thing", item, {"a": item.code}, mode="direct")), on_step=said.append)
    assert said[0].startswith("shop: table item -> thing: outbox, since ")
    assert reason in said[0]


@servers
def test_a_dry_run_prints_what_would_be_run(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.project(things(r))
    printed = install(project, dry_run=True)
    assert [one for one in left_behind(r) if "outbox" in one or "note" in one] == []
    r.run(r.old, *printed)
    r.each("INSERT INTO item VALUES (3, 'c', '0', 1, NULL)")
    assert r.new_rows("thing", "id, a") == [(3, "c")]


@servers
def test_uninstalling_leaves_nothing(site: Sites, kind: str) -> None:
    r = items(site, kind)
    before = set(left_behind(r))  # in PostgreSQL the ledger stands in the same database
    project = r.direct(things(r))
    assert set(left_behind(r)) > before
    uninstall(project)
    assert set(left_behind(r)) == before
    r.each("INSERT INTO item VALUES (3, 'c', '0', 1, NULL)")
    assert r.new_rows("thing", "id") == [(1,), (2,)]


@servers
def test_a_mapping_that_goes_back_to_the_outbox_loses_its_triggers(site: Sites, kind: str) -> None:
    r = items(site, kind)
    r.direct(things(r))
    project = r.project(Mapping(r.named("thing"), item, {"at": item.at}))
    install(project)
    assert look(project, "shop") == []
    r.each("INSERT INTO item VALUES (3, 'c', '0', 1, NULL)")
    assert r.new_rows("thing", "id") == [(1,), (2,)]


@servers
def test_another_body_is_noticed(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    if kind == "mariadb":
        (name,) = [one for one in left_behind(r) if one.startswith("changeover_du")]
        with r.old.connect() as connection:
            made = connection.exec_driver_sql(f"SHOW CREATE TRIGGER {name}").one()[2]
        r.run(
            r.old,
            f"DROP TRIGGER {name}",
            str(made).replace("changeover_there INT", "changeover_there BIGINT"),
        )
    else:
        (name,) = {one for one in left_behind(r) if one.startswith("changeover_note_direct")}
        with r.old.connect() as connection:
            made = connection.exec_driver_sql(f"SELECT pg_get_functiondef('{name}'::regproc)").scalar()
        r.run(r.old, str(made).replace("'5ms'", "'6ms'"))
    (broken,) = look(project, "shop")
    assert "its triggers were changed" in broken.reason
    again = r.project(things(r))
    install(again)
    assert look(again, "shop") == []


@servers
@pytest.mark.parametrize("change", ["ADD COLUMN more INTEGER", "ADD CONSTRAINT c CHECK (a <> 'x')"])
def test_another_target_is_noticed(site: Sites, kind: str, change: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    r.run(r.new, f"ALTER TABLE {r.named('thing')} {change}")
    (broken,) = look(project, "shop")
    assert broken.table == "item"
    again = r.project(things(r))
    install(again)
    assert look(again, "shop") == []


@servers
def test_an_index_more_is_no_other_target(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    r.run(r.new, f"CREATE INDEX later ON {r.named('thing')} (note)")
    assert look(project, "shop") == []


@pytest.mark.parametrize("before", ["outbox", "direct"])
def test_what_stands_is_no_way_around_accepting_what_mariadb_does(site: Sites, before: str) -> None:
    r = items(site, "mariadb")
    install(r.project(replace(things(r), mode=before)))
    unaccepted = r.project(things(r, old_writes_may_fail=False))
    with pytest.raises(CannotInstall, match="old_writes_may_fail=True"):
        install(unaccepted)
    assert {mode.mode for mode in r.modes(unaccepted)} == {"refused"}
    assert (look(unaccepted, "shop") == []) == (before == "outbox")
    install(r.project(replace(things(r), mode="outbox")))
    r.each("INSERT INTO item VALUES (3, 'c', '0', 1, NULL)")
    assert r.new_rows("thing") == []


# Rights


@servers
def test_the_application_gets_no_rights_on_the_new_tables(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    with application(r, kind, "SELECT, INSERT, UPDATE, DELETE ON item") as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO item VALUES (5, 'x', '0', 1, NULL)")
            connection.exec_driver_sql("UPDATE item SET no = 6 WHERE no = 5")
        place = f"{r.new_url.database}.thing" if kind == "mariadb" else "fresh.thing"
        with engine.connect() as connection, pytest.raises(DBAPIError):
            connection.exec_driver_sql(f"SELECT * FROM {place}")
    assert [row[0] for row in r.new_rows("thing", "id")] == [1, 2, 6]
    assert unequal(project) == []


@servers
def test_missing_rights_are_told_and_those_that_are_told_are_enough(site: Sites, kind: str) -> None:
    r = items(site, kind)
    if kind == "mariadb":
        new, account = f"`{r.new_url.database}`", "'capturer'@'%'"
        capture = ["SELECT, TRIGGER ON item", "SELECT, INSERT, DELETE, CREATE, DROP ON changeover_outbox"]
        granted = [f"SELECT, INSERT, UPDATE, DELETE ON {new}.thing", f"SELECT ON {new}.owner"]
    else:
        account = "capturer"
        capture = ["USAGE, CREATE ON SCHEMA public", "SELECT ON item"]
        granted = [
            "USAGE ON SCHEMA fresh",
            "SELECT, INSERT, UPDATE, DELETE ON fresh.thing",
            "SELECT ON fresh.owner",
        ]
    with application(r, kind, *capture, name="capturer") as engine:
        if kind == "postgres":
            r.run(r.old, "ALTER TABLE item OWNER TO capturer")
        r.old_urls["shop"] = engine.url
        with pytest.raises(CannotInstall, match=r'mode="direct" writes: the account lacks .*; GRANT '):
            install(r.project(things(r)))
        r.run(r.new, *(f"GRANT {one} TO {account}" for one in granted))
        project = r.project(things(r))
        install(project)
        r.each(
            "INSERT INTO item VALUES (3, 'c', '0', 1, NULL)",
            "UPDATE item SET code = 'd', owner = 2 WHERE no = 3",
        )
        assert r.new_rows("thing", "id, a, owner_id") == [(3, "d", 2)]
        r.each("DELETE FROM item WHERE no = 3")
        assert r.new_rows("thing", "id") == []
        uninstall(project)
        if kind == "postgres":
            r.run(r.old, "ALTER TABLE item OWNER TO CURRENT_USER")
