"""The mappings of a package of domains, found by looking into its modules."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from changeover.errors import ConfigurationError, MappingError
from changeover.mapping.registry import Registry
from changeover.mapping.source import makes_a_mapping
from changeover.mapping.table import Mapping


def load(package: str | Path) -> Registry:
    """The mappings in a package of domains: every `Mapping` in a module of ``<package>/<domain>/``.

    Parameters: ``package`` is an importable name (``assets``) or a folder, whose parent is put on the import path.
    Raises: ConfigurationError when it can't be found or holds no mapping; MappingError when a mapping is wrong, or stands in
    a file that is not such a module.
    """
    module = _import(package)
    found: dict[int, Mapping] = {}
    for domain in sorted(pkgutil.iter_modules(module.__path__), key=lambda m: m.name):
        if not domain.ispkg:
            continue
        for member in _modules(f"{module.__name__}.{domain.name}"):
            for value in vars(member).values():
                if isinstance(value, Mapping) and id(value) not in found:
                    found[id(value)] = (
                        value if value.domain else dataclasses.replace(value, domain=domain.name)
                    )
    _refuse_others(module, set(found))
    if not found:
        raise ConfigurationError(
            f"package {package!s} holds no mapping: put Mapping(…) objects into modules of {package!s}/<domain>/"
        )
    return Registry(tuple(found.values()))


def _import(package: str | Path) -> ModuleType:
    folder = Path(package)
    name = str(package)
    if folder.is_dir():
        sys.path.insert(0, str(folder.resolve().parent))
        name = folder.resolve().name
    elif "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ConfigurationError(
            f"the package of mappings {name!r} can't be imported: name it in pyproject.toml ([tool.changeover] mappings) or "
            "with --mappings"
        ) from None
    if not hasattr(module, "__path__"):
        raise ConfigurationError(
            f"{name!r} is a module; mappings stand in a package of domains, <package>/<domain>/<module>.py"
        )
    return module


def _modules(package: str) -> list[ModuleType]:
    module = importlib.import_module(package)
    names = sorted(m.name for m in pkgutil.iter_modules(module.__path__))
    return [module, *(importlib.import_module(f"{package}.{name}") for name in names)]


def _refuse_others(module: ModuleType, found: set[int]) -> None:
    """A mapping in a file that nobody looks into would be a table that nobody moves."""
    imported = {
        Path(member.__file__).resolve(): member
        for name, member in list(sys.modules.items())
        if f"{name}.".startswith(f"{module.__name__}.") and member.__file__
    }
    for folder in map(Path, module.__path__):
        for file in _sources(folder):
            member = imported.get(file.resolve())
            # What a domain's modules import of it is looked at; what they don't import is only read.
            if makes_a_mapping(file) if member is None else _mappings(member) - found:
                raise MappingError(f"{file} makes a mapping, and is not loaded: {_remedy(folder, file)}")


def _mappings(module: ModuleType) -> set[int]:
    return {id(value) for value in vars(module).values() if isinstance(value, Mapping)}


def _sources(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.name.startswith((".", "__")):
            yield from _sources(entry)
        elif entry.suffix == ".py" and entry.is_file():
            yield entry


def _remedy(package: Path, file: Path) -> str:
    parts = file.relative_to(package).parts
    if len(parts) == 1:
        return f"move it into the folder of a domain, {package.name}/<domain>/{file.name}"
    domain = package / parts[0]
    if "." in parts[0]:
        return f"give the folder {domain} a name that Python can import, without a dot"
    if not (domain / "__init__.py").is_file():
        return f"put an __init__.py into the folder {domain}"
    if len(parts) > 2:
        return f"move it up into the folder of its domain, {domain}"
    return "give the file a name that Python can import, without a dot"
