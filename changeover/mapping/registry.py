"""All mappings of a project, found in its package of domains, in an order in which parents come first."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

from changeover.errors import ConfigurationError, MappingError
from changeover.mapping.columns import Lookup
from changeover.mapping.ids import Assigned
from changeover.mapping.order import parents_first
from changeover.mapping.table import Mapping


@dataclass(frozen=True)
class Registry:
    """Every mapping, with what follows from looking at them together."""

    mappings: tuple[Mapping, ...]

    def __post_init__(self) -> None:
        seen: dict[str, Mapping] = {}
        for mapping in self.mappings:
            if mapping.name in seen:
                raise MappingError(f"two mappings are named {mapping.name}: give one of them another name=")
            seen[mapping.name] = mapping
        self.order()

    @property
    def databases(self) -> tuple[str, ...]:
        """The names of the old databases, sorted."""
        return tuple(sorted({m.database for m in self.mappings}))

    @property
    def targets(self) -> tuple[str, ...]:
        """Target tables, parents before children."""
        return self.order()

    @property
    def roots(self) -> tuple[str, ...]:
        """Root names, in an order in which every target's parents are filled first."""
        place = {target: i for i, target in enumerate(self.targets)}
        last: dict[str, int] = {}
        for mapping in self.mappings:
            last[mapping.root_name] = max(last.get(mapping.root_name, 0), place[mapping.target])
        order = sorted(last, key=lambda root: (last[root], self._priority(root), self._first(root)))
        return parents_first(order, {root: self.parent_roots(root) for root in order})

    def parent_roots(self, root: str) -> tuple[str, ...]:
        """The roots of the targets that the root's targets look up, itself left out."""
        targets = {m.target for m in self.mappings if m.root_name == root}
        wanted = {parent for target in targets for parent in self.parents(target)}
        found = (m.root_name for m in self.mappings if m.target in wanted)
        return tuple(dict.fromkeys(name for name in found if name != root))

    def of_target(self, target: str) -> tuple[Mapping, ...]:
        """The mappings that feed ``target``."""
        return tuple(m for m in self.mappings if m.target == target)

    def of_root(self, root: str) -> tuple[Mapping, ...]:
        """The mappings that share ``root``, parents first: they are written in one transaction."""
        place = {target: i for i, target in enumerate(self.targets)}
        return tuple(sorted((m for m in self.mappings if m.root_name == root), key=lambda m: place[m.target]))

    def parents(self, target: str) -> tuple[str, ...]:
        """The targets that ``target`` looks up, itself left out."""
        found = {
            made.parent
            for mapping in self.of_target(target)
            for made in mapping.made.values()
            if isinstance(made, Lookup) and made.parent != target
        }
        return tuple(sorted(found & {m.target for m in self.mappings}))

    def order(self) -> tuple[str, ...]:
        """Targets, parents before children. Raises MappingError for a cycle, naming its tables."""
        targets = dict.fromkeys(m.target for m in self.mappings)
        try:
            return tuple(TopologicalSorter({t: self.parents(t) for t in targets}).static_order())
        except CycleError as error:
            raise MappingError(
                f"these target tables look each other up in a circle: {' -> '.join(error.args[1])}; "
                "leave one of the lookups to target_default() and fill it in a mapping of its own"
            ) from None

    def select(self, names: Iterable[str]) -> Registry:
        """The mappings whose target, root or name is among ``names``. Raises ConfigurationError for an unknown one."""
        wanted = list(names)
        for name in wanted:
            if not any(name in (m.target, m.root_name, m.name, m.domain) for m in self.mappings):
                raise ConfigurationError(
                    f"no mapping, target, root or domain is named {name!r}; there are: {', '.join(self.targets)}"
                )
        if not wanted:
            return self
        roots = {
            m.root_name for m in self.mappings if {m.target, m.root_name, m.name, m.domain} & set(wanted)
        }
        return Registry(tuple(m for m in self.mappings if m.root_name in roots))

    def _priority(self, root: str) -> int:
        """Of a merge, the database whose columns win goes first: its rows are then written once."""
        return min(
            m.ids.priority if isinstance(m.ids, Assigned) else 0 for m in self.mappings if m.root_name == root
        )

    def _first(self, root: str) -> int:
        return next(i for i, m in enumerate(self.mappings) if m.root_name == root)


def load(package: str | Path) -> Registry:
    """The mappings in a package of domains: every `Mapping` in a module of ``<package>/<domain>/``.

    Parameters: ``package`` is an importable name (``assets``) or a folder, whose parent is put on the import path.
    Raises: ConfigurationError when it can't be found or holds no mapping; MappingError when a mapping is wrong.
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
        if error.name != name:
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
