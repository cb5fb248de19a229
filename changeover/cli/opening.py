"""From options to mappings and an open project."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import changeover
from changeover.dialects import of
from changeover.errors import ConfigurationError, MappingError
from changeover.ledger.version import check_version
from changeover.mapping import Registry, load
from changeover.project import Project
from changeover.settings import Settings, mappings_package, new_url

_ENGINE = Path(changeover.__file__).parent


def open_registry(mappings: str | None) -> Registry:
    """The mappings that ``--mappings`` or pyproject.toml names.

    Raises: ConfigurationError when they can't be found; MappingError, with file and line, for what their code raises.
    """
    package = mappings_package(mappings)
    try:
        return load(package)
    except ConfigurationError:
        raise
    except MappingError as error:
        place = _place(error)
        raise MappingError(f"{place}: {error}" if place else str(error)) from error
    except (Exception, SystemExit) as error:
        place = _place(error) or f"package {package}"
        raise MappingError(f"{place}: {type(error).__name__}: {error}") from error


def open_project(
    registry: Registry, chosen: Registry, mappings: str | None, workers: int | None = None
) -> Project:
    """Connect to the databases that moving the mappings of ``chosen`` involves: theirs, and those that lookups lead to.

    Raises: ConfigurationError, ConnectionRefused or LedgerMissing, each saying what to do.
    """
    needed = registry.needed(chosen.targets)
    settings = Settings.from_environment(mappings, needed.databases)
    if workers is not None:
        settings = dataclasses.replace(settings, workers=workers)
    return Project.open(needed, settings)


def open_ledger() -> Project:
    """Connect to the new database alone, for what the ledger can tell: a project without mappings.

    Raises: ConfigurationError, ConnectionRefused or LedgerMissing, each saying what to do.
    """
    url = new_url()
    project = Project(Registry(()), {}, of(url).engine(url, "new", 1))
    try:
        project.check_connections()
        check_version(project.new.engine)
    except Exception:
        project.close()
        raise
    return project


@contextmanager
def open_schemas(registry: Registry, mappings: str | None) -> Generator[Project]:
    """Connect to the databases of these mappings, whether or not there is a ledger.

    Raises: ConfigurationError or ConnectionRefused.
    """
    settings = Settings.from_environment(mappings, registry.databases)
    old = {name: of(url).engine(url, "old", 1) for name, url in settings.old_urls.items()}
    with Project(registry, old, of(settings.new_url).engine(settings.new_url, "new", 1)) as project:
        project.check_connections()
        yield project


def selected(registry: Registry, tables: Sequence[str] | None, more: Sequence[str] | None) -> Registry:
    """The mappings of the tables named as arguments and by ``--table``; all when none is. Raises ConfigurationError."""
    return registry.select([*(tables or ()), *(more or ())])


def one_root(registry: Registry, why: str) -> str:
    """The root that was selected. Raises ConfigurationError when it is not one, for the option ``why``."""
    if len(registry.roots) != 1:
        raise ConfigurationError(f"{why} goes with one root: name one of {', '.join(registry.roots)}")
    return registry.roots[0]


def _place(error: BaseException) -> str | None:
    """``file:line`` of the mapping's code that raised, or None when the engine found it by itself."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        file = Path(frame.filename)
        if (
            file.is_file()
            and _ENGINE not in file.parents
            and "site-packages" not in file.parts
            and "importlib" not in file.parts
        ):
            return f"{_shown(frame.filename)}:{frame.lineno}"
    return None


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
