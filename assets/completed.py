"""Tables whose rejects a run over another table has mended: rows that waited for its rows, or could not go for them.

Such a table's checks would say what was true before, until somebody compares it: they are stated anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from assets.accounts import accounts
from assets.component import Component, components
from assets.same_as_old import same_as_old
from changeover.ledger.rejects import open_count
from changeover.mapping import Registry
from changeover.project import Project


class Others:
    """The other tables of a run's project, as they stood when it began. Those of which the project knows a part are left out."""

    def __init__(self, project: Project, component: Component, registry: Registry) -> None:
        self.project = project
        known = {bound.mapping.target for move in project.moves.values() for bound in move.bounds}
        self.others: Sequence[Component] = [
            one
            for one in components(registry)
            if set(one.targets) <= known and not set(one.targets) & set(component.targets)
        ]
        self.before = self._rejected()

    def tell(self, instance: dg.DagsterInstance) -> None:
        """State the checks of those that have other rejects now."""
        now = self._rejected()
        for one, before, after in zip(self.others, self.before, now, strict=True):
            if before != after:
                for event in (*accounts(self.project, one), *same_as_old(self.project, one)):
                    instance.report_runless_asset_event(event)
        self.before = now

    def _rejected(self) -> list[list[int]]:
        with self.project.reading() as connection:
            return [
                [
                    open_count(connection, bound.id)
                    for root in one.roots
                    for bound in self.project.move(root).bounds
                ]
                for one in self.others
            ]
