"""The one place that opens a `changeover.project.Project` on Dagster's resources."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

import dagster as dg

from changeover.errors import ChangeoverError
from changeover.ledger.version import check_version
from changeover.mapping import Registry
from changeover.project import Project
from changeover.settings import live_databases, mask
from resources.databases import NEW, NewDatabase, OldDatabase, old_resource_key


def resource_keys(registry: Registry) -> set[str]:
    """The resources that a step on these mappings requires."""
    return {NEW, *(old_resource_key(name) for name in registry.databases)}


def at_end_of(resources: Any) -> Callable[[Callable[[], None]], None]:
    """Takes what is to be called when the run that has these resources is over."""
    return cast("NewDatabase", getattr(resources, NEW)).at_end


@contextmanager
def open_project(resources: Any, registry: Registry) -> Generator[Project]:
    """The mappings on live databases, each of which answers, with a ledger of the right version.

    Parameters: ``resources`` is a Dagster context's ``resources``, with `resource_keys` among them.
    Raises: dagster.Failure with a message for the operator, for all that Changeover raises on purpose; a run
    that fails so is not tried again by itself.
    """
    new = cast("NewDatabase", getattr(resources, NEW))
    old = {
        name: cast("OldDatabase", getattr(resources, old_resource_key(name))) for name in registry.databases
    }
    try:
        engines = {name: resource.engine for name, resource in old.items()}
        live = live_databases(registry.databases)
        project = Project(registry, engines, new.engine, new.workers, live)
        project.check_connections()
        check_version(new.engine)
        yield project
    except ChangeoverError as error:
        raise dg.Failure(mask(str(error)), allow_retries=False) from None
