"""Connections: opened for a run, closed after it, explained when they fail, secret throughout."""

from __future__ import annotations

import dagster as dg
import pytest

from changeover.mapping import Registry
from resources import NEW, kind_of, open_project, resource_keys, resources_for
from tests.assets.sample.databases import Sample

SECRET = "hunter2-and-more"


def opened(registry: Registry) -> None:
    """Open a project as a step does."""
    with (
        dg.build_resources(resources_for(registry.databases)) as resources,
        open_project(resources, registry),
    ):
        pass


def test_a_step_asks_for_the_databases_of_its_mappings(registry: Registry) -> None:
    assert resource_keys(registry) == {NEW, "old_shop", "old_community", "old_study"}


def test_a_project_opens_on_the_databases_that_the_environment_names(
    sample: Sample, registry: Registry
) -> None:
    with (
        dg.build_resources(resources_for(registry.databases)) as resources,
        open_project(resources, registry) as found,
    ):
        assert {name: schema.names() for name, schema in found.old.items()}["community"] == ["member"]


def test_connections_are_closed_after_the_run(sample: Sample, registry: Registry) -> None:
    with (
        dg.build_resources(resources_for(registry.databases)) as resources,
        open_project(resources, registry) as found,
    ):
        engine = found.new.engine
        with engine.connect():
            pass
    assert engine.pool.checkedin() == 0  # pyright: ignore[reportAttributeAccessIssue]


def test_a_database_that_does_not_answer_is_named_with_its_variable(
    sample: Sample, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGEOVER_OLD_STUDY_URL", f"mysql+pymysql://reader:{SECRET}@127.0.0.1:9/study")
    with pytest.raises(dg.Failure) as failure:
        opened(registry)
    said = str(failure.value.description)
    assert "old database study" in said
    assert "CHANGEOVER_OLD_STUDY_URL" in said
    assert SECRET not in said


def test_a_missing_ledger_says_what_to_run(sample: Sample, registry: Registry) -> None:
    sample.execute("new", "DROP TABLE changeover_range")
    with pytest.raises(dg.Failure, match="changeover upgrade"):
        opened(registry)


def test_an_unreadable_url_is_not_repeated(
    sample: Sample, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGEOVER_NEW_URL", f"mysql//{SECRET}")
    with pytest.raises(dg.Failure, match="CHANGEOVER_NEW_URL") as error:
        opened(registry)
    assert SECRET not in str(error.value)


def test_an_unset_variable_fails_the_run_by_its_name(
    sample: Sample, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHANGEOVER_OLD_SHOP_URL")
    with pytest.raises(Exception, match="CHANGEOVER_OLD_SHOP_URL"):
        opened(registry)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("mysql+pymysql://u:p@h/d", "mysql"),
        ("postgresql+psycopg://u:p@h/d", "postgres"),
        ("sqlite:////x.db", "sqlite"),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_kind_of_a_database_is_known_without_connecting(
    monkeypatch: pytest.MonkeyPatch, url: str, kind: str | None
) -> None:
    monkeypatch.setenv("CHANGEOVER_NEW_URL", url)
    assert kind_of("CHANGEOVER_NEW_URL") == kind
