"""Whatever may have gone past the triggers turns a table to broken, with the reason; installing again mends it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.capture.install import install
from changeover.capture.sync import CannotConsume, run
from changeover.capture.watch import look
from changeover.ledger import capture as ledger
from changeover.ledger.ranges import ranges_of
from changeover.mapping import Mapping, old
from changeover.project import Project
from tests.capture.scene import entries, installed, noted, target
from tests.mysql_kind import ON_MYSQL
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
Rigs = Callable[..., Rig]
item = old("shop", "item")
MAPPING = Mapping("thing", item, {"a": item.code})


def watched(rig: Rigs, kind: str, definition: str = "") -> tuple[Rig, Project]:
    r = rig(kind, shop=kind)
    counted = "INTEGER PRIMARY KEY AUTO_INCREMENT" if kind == "mariadb" else "INTEGER PRIMARY KEY"
    r.run(r.old, f"CREATE TABLE item (no {counted}, code VARCHAR(10)) {definition}")
    target(r)
    project = installed(r, MAPPING)
    r.run(r.old, "INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    copy(project)
    assert look(project, "shop") == []
    return r, project


def reasons(project: Project) -> list[str]:
    """What a look says, which the ledger says too."""
    found = look(project, "shop")
    with project.reading() as connection:
        known = ledger.captured(connection, "shop")
    assert [(k.table, k.reason) for k in known if k.state == "broken"] == [(b.table, b.reason) for b in found]
    return [b.reason for b in found]


def assert_mended(r: Rig, project: Project) -> None:
    """A look again changes nothing; installing mends it and has everything walked again."""
    (reason,) = reasons(project)
    assert "changeover sync install" in reason
    again = r.project(MAPPING)
    install(again)
    assert look(again, "shop") == []
    with again.reading() as connection:
        assert [(one.status, one.position) for one in ranges_of(connection, "shop.item")] == [
            ("planned", None)
        ]
    assert noted(r, "INSERT INTO item (no, code) VALUES (77, 'z')") == ["77"]


@every_kind
def test_nothing_is_said_of_what_an_application_does_every_day(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    r.run(
        r.old,
        "DELETE FROM item WHERE no = 2",
        "UPDATE item SET code = 'x'",
        "INSERT INTO item (no) VALUES (50)",
    )
    r.run(
        r.old, "CREATE INDEX by_code ON item (code)", "ANALYZE TABLE item" if kind == "mariadb" else "ANALYZE"
    )
    assert look(project, "shop") == []
    with project.reading() as connection:
        (known,) = ledger.captured(connection, "shop")
    assert known.state == "installed"


@every_kind
def test_a_dropped_trigger(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    on = " ON item" if kind == "postgres" else ""
    r.run(r.old, f"DROP TRIGGER changeover_{'rows' if kind == 'postgres' else 'au_item'}{on}")
    (reason,) = reasons(project)
    assert "trigger" in reason
    assert_mended(r, project)


def test_a_disabled_trigger_and_one_that_was_disabled_for_a_while(rig: Rigs) -> None:
    r, project = watched(rig, "postgres")
    r.run(r.old, "ALTER TABLE item DISABLE TRIGGER ALL")
    (reason,) = reasons(project)
    assert "disabled" in reason
    assert_mended(r, project)
    r.run(r.old, "ALTER TABLE item DISABLE TRIGGER ALL", "ALTER TABLE item ENABLE TRIGGER ALL")
    (reason,) = reasons(project)
    assert "changed" in reason


@every_kind
def test_a_changed_trigger(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    if kind == "postgres":
        r.run(
            r.old,
            "CREATE OR REPLACE FUNCTION changeover_note_item() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RETURN NULL; /* \"changeover_outbox\" */ END'",
        )
    else:
        outbox = "changeover_outbox" if kind == "sqlite" else f"`{r.old.url.database}`.`changeover_outbox`"
        r.run(
            r.old,
            "DROP TRIGGER changeover_au_item",
            f"CREATE TRIGGER changeover_au_item AFTER UPDATE ON item FOR EACH ROW BEGIN DELETE FROM {outbox} WHERE id = 0; END",
        )
    (reason,) = reasons(project)
    assert "changed" in reason
    assert_mended(r, project)


@every_kind
def test_an_altered_table(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    r.run(r.old, "ALTER TABLE item ADD COLUMN extra INTEGER")
    (reason,) = reasons(project)
    assert "altered" in reason
    assert_mended(r, project)


@every_kind
def test_a_table_that_is_made_again(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    r.run(r.old, "DROP TABLE item")
    (reason,) = reasons(project)
    assert "not there any more" in reason
    r.run(r.old, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))")
    assert reasons(project) == [reason], "it stays broken until it is installed"
    assert_mended(r, project)


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_truncate(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    r.run(r.old, "TRUNCATE TABLE item")
    (reason,) = reasons(project)
    assert "truncated" in reason
    assert_mended(r, project)
    assert entries(r) == [("item", "77")]


def test_deleting_all_rows_of_sqlite_is_no_truncation(rig: Rigs) -> None:
    r, project = watched(rig, "sqlite")
    assert noted(r, "DELETE FROM item") == ["1", "2", "3"]
    assert look(project, "shop") == []


def test_truncate_is_noticed_by_the_counter_without_the_right_to_see_more(rig: Rigs) -> None:
    r, _ = watched(rig, "mariadb")
    url = r.old_urls["shop"]
    r.run(
        r.old,
        "CREATE OR REPLACE USER watcher@'%' IDENTIFIED BY 'pw'",
        f"GRANT ALL ON `{url.database}`.* TO watcher@'%'",
        # MySQL writes a binary log unless it is told otherwise.
        *(["SET GLOBAL log_bin_trust_function_creators = 1"] if ON_MYSQL else []),
    )
    r.old_urls["shop"] = url.set(username="watcher", password="pw")
    mine = r.project(MAPPING)
    said: list[str] = []
    install(mine, on_step=said.append)
    assert any("TRUNCATE is noticed by its counter only" in line for line in said)
    r.run(r.old, "INSERT INTO item (code) VALUES ('d'), ('e')")
    assert look(mine, "shop") == []
    r.run(r.old, "TRUNCATE TABLE item", "INSERT INTO item (code) VALUES ('a'), ('b'), ('c')")
    (reason,) = reasons(mine)
    assert "truncated" in reason


def test_partitions_that_are_emptied_exchanged_or_attached(rig: Rigs) -> None:
    r, project = watched(rig, "mariadb", "PARTITION BY HASH (no) PARTITIONS 2")
    r.run(r.old, "ALTER TABLE item TRUNCATE PARTITION p0")
    assert_mended(r, project)
    r.run(r.old, "CREATE TABLE side (no INTEGER PRIMARY KEY AUTO_INCREMENT, code VARCHAR(10))")
    with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ALTER TABLE item EXCHANGE PARTITION p1 WITH TABLE side")
    assert len(reasons(project)) == 1


def test_partitions_of_postgresql(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10)) PARTITION BY RANGE (no)",
        "CREATE TABLE item_low PARTITION OF item FOR VALUES FROM (0) TO (100)",
        "CREATE TABLE item_high PARTITION OF item FOR VALUES FROM (100) TO (200)",
    )
    target(r)
    project = installed(r, MAPPING)
    assert noted(r, "INSERT INTO item VALUES (1, 'a'), (150, 'b')") == ["1", "150"]
    assert noted(r, "INSERT INTO item_low VALUES (2, 'a')") == ["2"]
    assert set(noted(r, "UPDATE item SET no = 160 WHERE no = 1")) == {"1", "160"}
    assert look(project, "shop") == []
    r.run(r.old, "TRUNCATE item_low")
    assert entries(r)[-1] == ("!truncated", "item")
    (reason,) = reasons(project)
    assert "truncated" in reason
    again = r.project(MAPPING)
    install(again)
    assert look(again, "shop") == []
    r.run(
        r.old,
        "CREATE TABLE item_new (no INTEGER NOT NULL, code VARCHAR(10))",
        "INSERT INTO item_new VALUES (250, 'n')",
    )
    r.run(r.old, "ALTER TABLE item ATTACH PARTITION item_new FOR VALUES FROM (200) TO (300)")
    (reason,) = reasons(again)
    assert "altered" in reason


def test_a_key_that_the_outbox_cannot_hold(rig: Rigs) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(r.old, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))")
    r.run(r.old, "CREATE TABLE tag (no INTEGER PRIMARY KEY, code TEXT)")
    target(r)
    tag = old("shop", "tag")
    count = sa.select(sa.func.count()).select_from(tag.from_).where(tag.code == item.code).scalar_subquery()
    project = installed(r, Mapping("thing", item, {"a": count}))
    r.run(r.old, "INSERT INTO tag VALUES (1, REPEAT('x', 1024))")
    assert look(project, "shop") == []
    r.run(r.old, "INSERT INTO tag VALUES (2, REPEAT('x', 1025))")
    assert ["1,024 bytes" in reason for reason in reasons(project)] == [True]


def test_a_table_whose_parent_lost_its_triggers(rig: Rigs) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(
        r.old,
        "CREATE TABLE parent (no INTEGER PRIMARY KEY)",
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10), p INTEGER, FOREIGN KEY (p) REFERENCES parent (no) "
        "ON DELETE CASCADE)",
    )
    target(r)
    project = installed(r, MAPPING)
    r.run(r.old, "DROP TRIGGER changeover_bd_parent")
    assert [b.table for b in look(project, "shop")] == ["item", "parent"]
    install(r.project(MAPPING))
    assert look(project, "shop") == []
    r.run(
        r.old,
        "CREATE TABLE other (no INTEGER PRIMARY KEY)",
        "ALTER TABLE item ADD COLUMN o INTEGER, ADD FOREIGN KEY (o) REFERENCES other (no) ON DELETE SET NULL",
    )
    assert [b.table for b in look(project, "shop")] == ["item"]


@pytest.mark.parametrize("partitioned", [False, True])
def test_values_that_an_alter_gives_to_rows_of_a_type_that_stays(rig: Rigs, partitioned: bool) -> None:
    r = rig("postgres", shop="postgres")
    r.run(
        r.old,
        f"CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10)) {'PARTITION BY RANGE (no)' if partitioned else ''}",
        *(["CREATE TABLE item_low PARTITION OF item FOR VALUES FROM (0) TO (100)"] if partitioned else []),
        "INSERT INTO item VALUES (1, 'a')",
    )
    target(r)
    project = installed(r, MAPPING)
    copy(project)
    r.run(r.old, "ANALYZE item")
    assert look(project, "shop") == []
    r.run(r.old, "ALTER TABLE item ALTER COLUMN code TYPE VARCHAR(10) USING upper(code)")
    (reason,) = reasons(project)
    assert "altered" in reason


def test_a_value_of_an_enum_that_is_given_another_name(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    r.run(
        r.old,
        "CREATE TYPE state AS ENUM ('new', 'old')",
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code state)",
        "INSERT INTO item VALUES (1, 'old')",
    )
    target(r)
    project = installed(r, MAPPING)
    copy(project)
    assert look(project, "shop") == []
    r.run(r.old, "ALTER TYPE state RENAME VALUE 'old' TO 'done'")
    (reason,) = reasons(project)
    assert "altered" in reason


@every_kind
def test_an_outbox_that_is_gone(rig: Rigs, kind: str) -> None:
    r, project = watched(rig, kind)
    r.run(r.old, f"DROP TABLE changeover_outbox{' CASCADE' if kind == 'postgres' else ''}")
    (reason,) = reasons(project)
    assert "the outbox changeover_outbox is not there any more" in reason
    with pytest.raises(CannotConsume, match="`changeover sync uninstall` drops the triggers at once"):
        list(run(project, "shop", stop=threading.Event(), once=True))
    assert_mended(r, project)
