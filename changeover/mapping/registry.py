"""All mappings of a project, in an order in which parents come first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

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
    def watched(self) -> tuple[str, ...]:
        """The old databases that are to have triggers: all but those in which each root is swept by a high-water column."""
        swept = {m.root_name for m in self.mappings if m.high_water is not None}
        return tuple(sorted({m.database for m in self.mappings if m.root_name not in swept}))

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
        """The targets that ``target`` looks up and has to come after, itself left out."""
        return self._looked_up(target, later=False)

    def later_parents(self, target: str) -> tuple[str, ...]:
        """The targets that ``target`` looks up and that may come after it, itself left out."""
        return self._looked_up(target, later=True)

    def later_children(self, target: str) -> tuple[str, ...]:
        """The targets that look ``target`` up and may come before it, itself left out."""
        return tuple(other for other in self.targets if target in self.later_parents(other))

    def order(self) -> tuple[str, ...]:
        """Targets, parents before children. Raises MappingError for a cycle, naming its tables."""
        targets = dict.fromkeys(m.target for m in self.mappings)
        try:
            return tuple(TopologicalSorter({t: self.parents(t) for t in targets}).static_order())
        except CycleError as error:
            raise MappingError(
                f"these target tables look each other up in a circle: {' -> '.join(error.args[1])}; "
                "say later=True of one whose column may be NULL: its rows are written without it, and completed when it is there"
            ) from None

    def has(self, name: str) -> bool:
        """Whether a mapping, target, root or domain is called so."""
        return any(name in (m.target, m.root_name, m.name, m.domain) for m in self.mappings)

    def select(self, names: Iterable[str]) -> Registry:
        """The mappings whose target, root or name is among ``names``. Raises ConfigurationError for an unknown one."""
        wanted = list(names)
        for name in wanted:
            if not self.has(name):
                raise ConfigurationError(
                    f"no mapping, target, root or domain is named {name!r}; there are: {', '.join(self.targets)}"
                )
        if not wanted:
            return self
        roots = {
            m.root_name for m in self.mappings if {m.target, m.root_name, m.name, m.domain} & set(wanted)
        }
        return Registry(tuple(m for m in self.mappings if m.root_name in roots))

    def needed(self, targets: Iterable[str]) -> Registry:
        """The mappings that moving ``targets`` involves: theirs, those of all tables they look up, directly or not, and those of
        tables that may have come before.

        Who opens only their databases, and binds only these, isn't kept from moving by what is wrong elsewhere.
        """
        wanted: set[str] = set()
        waiting = list(targets)
        while waiting:
            target = waiting.pop()
            if target not in wanted:
                wanted.add(target)
                waiting += [*self.parents(target), *self.later_parents(target), *self.later_children(target)]
        return Registry(tuple(m for m in self.mappings if m.target in wanted))

    def _looked_up(self, target: str, *, later: bool) -> tuple[str, ...]:
        found = {
            made.parent
            for mapping in self.of_target(target)
            for made in mapping.made.values()
            if isinstance(made, Lookup) and made.parent != target and made.later == later
        }
        return tuple(sorted(found & {m.target for m in self.mappings}))

    def _priority(self, root: str) -> int:
        """Of a merge, the database whose columns win goes first: its rows are then written once."""
        return min(
            m.ids.priority if isinstance(m.ids, Assigned) else 0 for m in self.mappings if m.root_name == root
        )

    def _first(self, root: str) -> int:
        return next(i for i, m in enumerate(self.mappings) if m.root_name == root)
