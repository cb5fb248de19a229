"""Which tables one step moves: those that share a root (a split) or a target (a merge), directly or through others.

All targets of a root are written in one transaction, and a target's partitions are the ranges of all its
roots, so neither can be cut in two. A table that shares nothing is a component of its own, which is the usual
case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256

from changeover.mapping import Mapping, Registry

LONGEST_NAME = 100


@dataclass(frozen=True)
class Component:
    """Tables that are moved together. ``roots`` and ``targets`` stand in an order in which parents come first."""

    roots: tuple[str, ...]
    targets: tuple[str, ...]
    mappings: tuple[Mapping, ...]

    @property
    def name(self) -> str:
        """The target, where there is one, of one root; else the roots, which decide what the partitions are."""
        if len(self.roots) == len(self.targets) == 1:
            return self.targets[0]
        whole = "+".join(sorted(self.roots))
        return whole if len(whole) <= LONGEST_NAME else f"{whole[: LONGEST_NAME - 9]}-{_digest(whole)}"

    def mappings_of(self, root: str) -> tuple[Mapping, ...]:
        """The mappings that a root feeds."""
        return tuple(m for m in self.mappings if m.root_name == root)


def components(registry: Registry) -> tuple[Component, ...]:
    """Every component, parents before children."""
    sets = _connected((m.root_name, m.target) for m in registry.mappings)
    while True:
        owner = {target: place for place, (_, targets) in enumerate(sets) for target in targets}
        graph = {
            place: {owner[parent] for target in targets for parent in registry.parents(target)} - {place}
            for place, (_, targets) in enumerate(sets)
        }
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            # Tables never look each other up in a circle, but splits and merges of them may: X and Z of one
            # root, Z a child of Y, Y a child of X. One step moves them all.
            sets = _united(sets, set(error.args[1]))
            continue
        return tuple(_component(registry, *sets[place]) for place in order)


_Set = tuple[frozenset[str], frozenset[str]]
"""Roots, targets."""


def _connected(edges: Iterable[tuple[str, str]]) -> list[_Set]:
    found: list[_Set] = []
    for root, target in edges:
        touched = [s for s in found if root in s[0] or target in s[1]]
        found = [s for s in found if s not in touched]
        found.append(
            (
                frozenset({root}.union(*(s[0] for s in touched))),
                frozenset({target}.union(*(s[1] for s in touched))),
            )
        )
    return found


def _united(sets: list[_Set], places: set[int]) -> list[_Set]:
    rest = [s for place, s in enumerate(sets) if place not in places]
    chosen = [sets[place] for place in places]
    return [
        *rest,
        (frozenset[str]().union(*(s[0] for s in chosen)), frozenset[str]().union(*(s[1] for s in chosen))),
    ]


def _component(registry: Registry, roots: frozenset[str], targets: frozenset[str]) -> Component:
    return Component(
        roots=tuple(root for root in registry.roots if root in roots),
        targets=tuple(target for target in registry.targets if target in targets),
        mappings=tuple(m for m in registry.mappings if m.target in targets),
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
