"""All mappings of one root, bound: what is walked together and written in one transaction."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import CodeType
from typing import Any

import sqlalchemy as sa

from changeover.binding.bind import bind
from changeover.binding.bound import Bound
from changeover.keyset.key import Key
from changeover.mapping import Mapping, Registry
from changeover.mapping.order import parents_first
from changeover.schema import Schema


@dataclass(frozen=True)
class Move:
    """A root and its bound mappings, parents first. The unit of ranges, progress and transactions."""

    root: str
    database: str
    bounds: tuple[Bound, ...]
    fingerprint: str
    """Changes when what the mappings write would change."""

    @property
    def key(self) -> Key:
        """The root's key. The mappings of a root share it."""
        return self.bounds[0].key

    @property
    def targets(self) -> tuple[str, ...]:
        """The target tables, sorted: the fixed order in which their locks are taken."""
        return tuple(sorted({b.mapping.target for b in self.bounds}))

    @property
    def mapping(self) -> Mapping:
        """The first mapping, for what all of them share."""
        return self.bounds[0].mapping


def moves(registry: Registry, old: dict[str, Schema], new: Schema, ids: dict[str, int]) -> dict[str, Move]:
    """Every root's move, parents first: by lookups, and by the new schema's foreign keys, which a split's key column may be.

    Raises: MappingError, naming the mapping, for the first that doesn't fit the schemas (`changeover check` lists them all).
    """
    bounds = {mapping.name: bind(mapping, registry, old, new, ids) for mapping in registry.mappings}
    parents = _parents(registry, list(bounds.values()), new)
    place = _places(registry, parents)
    found: dict[str, Move] = {}
    for root in registry.roots:
        own = tuple(
            sorted((bounds[m.name] for m in registry.of_root(root)), key=lambda b: place[b.mapping.target])
        )
        database = own[0].mapping.database
        found[root] = Move(root, database, own, _fingerprint(own, old[database].engine.dialect))
    wanted = {
        root: {p for b in move.bounds for p in parents[b.mapping.target]} for root, move in found.items()
    }
    feeds = {root: {b.mapping.target for b in move.bounds} for root, move in found.items()}
    graph = {
        root: [other for other in found if other != root and feeds[other] & wanted[root]] for root in found
    }
    return {root: found[root] for root in parents_first(found, graph)}


def _parents(registry: Registry, bounds: list[Bound], new: Schema) -> dict[str, set[str]]:
    """Each target's parents: those it looks up, and those that foreign keys of the new schema lead to."""
    targets = {new.folded(b.new.table): b.mapping.target for b in bounds}
    graph = {target: set(registry.parents(target)) for target in registry.targets}
    for bound in bounds:
        later = {lookup.column for lookup in bound.lookups if lookup.later}
        for key in bound.new.foreign_keys:
            if later & set(key.columns):
                continue
            parent = targets.get(new.folded(key.parent))
            if parent and parent != bound.mapping.target:
                graph[bound.mapping.target].add(parent)
    return graph


def _places(registry: Registry, parents: dict[str, set[str]]) -> dict[str, int]:
    """Each target's place, parents first. A circle of foreign keys without lookups is left as the lookups order it."""
    try:
        return {target: n for n, target in enumerate(TopologicalSorter(parents).static_order())}
    except CycleError:
        return {target: n for n, target in enumerate(registry.targets)}


def _fingerprint(bounds: tuple[Bound, ...], dialect: sa.engine.Dialect) -> str:
    digest = hashlib.sha256()
    # In which order they are written depends on what else is bound.
    for bound in sorted(bounds, key=lambda b: b.mapping.name):
        compiled = bound.select(sa.true()).compile(dialect=dialect)
        columns = [f"{column.name}={column.value}" for column in bound.columns]
        columns += [f"{lookup.column} later" for lookup in bound.lookups if lookup.later]
        functions = [_code(column.python.function) for column in bound.pythons]
        images = [f"{one.target}={one.image.written}" for one in bound.images]
        for part in (
            bound.mapping.name,
            repr(bound.mapping.ids),
            str(compiled),
            repr(compiled.params),
            *columns,
            *functions,
            *images,
        ):
            digest.update(part.encode())
            digest.update(b"\0")
    return digest.hexdigest()


def _code(function: Any) -> str:
    """What a function does, alike in every process: no addresses, and sets in a fixed order."""
    if isinstance(function, functools.partial):
        inner: Any = function
        return f"{_code(inner.func)}({inner.args!r}, {sorted(inner.keywords.items())!r})"
    code = getattr(function, "__code__", None)
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}:{_instructions(code) if code else ''}"


def _instructions(code: CodeType) -> str:
    constants = [_instructions(c) if isinstance(c, CodeType) else _constant(c) for c in code.co_consts]
    return f"{code.co_code.hex()}:{code.co_names!r}:[{', '.join(constants)}]"


def _constant(value: Any) -> str:
    return f"{{{', '.join(sorted(map(repr, value)))}}}" if isinstance(value, frozenset) else repr(value)
