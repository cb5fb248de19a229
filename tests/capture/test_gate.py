"""Nothing is planned or copied whose changes would be missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changeover.capture.install import install, uninstall
from changeover.capture.watch import look
from changeover.errors import ConfigurationError, NotCaptured
from changeover.mapping import Mapping, left_join, old
from changeover.planning import plan
from changeover.project import Project
from changeover.settings import live_databases
from changeover.transfer import backfill
from tests.capture.scene import target
from tests.transfer.rig import Rig, copy

Rigs = Callable[..., Rig]
item, tag, other = old("shop", "item"), old("shop", "tag"), old("shop", "other")
JOINED = Mapping("thing", item, {"a": tag.label}, joins=(left_join(tag, tag.code == item.code),))
ALONE = Mapping("alone", other, {"a": other.code})


def made(rig: Rigs) -> Rig:
    r = rig("sqlite")
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))",
        "CREATE TABLE other (no INTEGER PRIMARY KEY, code VARCHAR(10))",
        "CREATE TABLE tag (code VARCHAR(10) PRIMARY KEY, label VARCHAR(10))",
        "INSERT INTO item VALUES (1, 'a')",
    )
    target(r)
    target(r, "alone")
    return r


def live(r: Rig) -> Project:
    project = r.project(JOINED, ALONE)
    project.live = frozenset({"shop"})
    return project


def test_without_capture_nothing_is_asked_for(rig: Rigs) -> None:
    copy(made(rig).project(JOINED, ALONE))


def test_once_anything_is_watched_all_that_is_copied_must_be(rig: Rigs) -> None:
    r = made(rig)
    project = r.project(JOINED, ALONE)
    copy(project)
    install(project, tables=["alone"])
    copy(project, "shop.other")
    for work in (lambda: plan(project, "shop.item"), lambda: list(backfill(project, "shop.item"))):
        with pytest.raises(
            NotCaptured, match=r"shop\.item: table item .* has no triggers yet.*changeover sync install"
        ):
            work()
    install(project)
    copy(project)
    uninstall(project)
    copy(project)


def test_a_joined_table_counts(rig: Rigs) -> None:
    r = made(rig)
    project = r.project(JOINED, ALONE)
    install(project)
    r.run(r.old, "DROP TRIGGER changeover_au_tag")
    look(project, "shop")
    copy(project, "shop.other")
    with pytest.raises(NotCaptured, match=r"table tag .* is not there any more"):
        plan(project, "shop.item")


def test_a_live_migration_starts_with_its_triggers(rig: Rigs) -> None:
    r = made(rig)
    with pytest.raises(NotCaptured):
        plan(live(r), "shop.item")
    project = live(r)
    install(project)
    copy(project)


def test_names_of_live_databases_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "sqlite:///x.db")
    monkeypatch.setenv("CHANGEOVER_OLD_STUDY_URL", "sqlite:///y.db")
    both = ["shop", "study"]
    for text, expected in (("", []), ("shop", ["shop"]), ("Study, shop", both), ("all", both)):
        monkeypatch.setenv("CHANGEOVER_LIVE", text)
        assert sorted(live_databases(both)) == expected
    monkeypatch.setenv("CHANGEOVER_LIVE", "shpo")
    with pytest.raises(ConfigurationError, match="shpo"):
        live_databases(both)
