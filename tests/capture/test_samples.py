"""Capture on the sample domains: everything that their mappings read can be traced, watched, and let go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.capture.install import install, uninstall
from changeover.capture.preflight import problems
from changeover.capture.survey import survey
from changeover.capture.trace import sources
from changeover.capture.watch import look
from tests.demo.migrated import samples
from tests.transfer.rig import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_the_samples_are_watched_and_let_go(database: Callable[..., str], kind: str) -> None:
    with samples(database, kind, "sqlite", 0.02) as project:
        study = [s.name for s in sources(project.move("study.pomodoro_study"), project.old["study"])]
        assert study[0] == "pomodoro_study"
        assert len(study) > 1, "its progress is an average over another table"
        install(project)
        for name, schema in project.old.items():
            assert look(project, name) == []
            with schema.engine.connect() as connection:
                seen = survey(project, name, connection)
            assert problems(project, seen, list(seen.triggers)) == []
        assert install(project) == []
        uninstall(project)
        for schema in project.old.values():
            assert "changeover_outbox" not in sa.inspect(schema.engine).get_table_names()
