"""Verifying and mending, as the front doors do it."""

from __future__ import annotations

from typing import Any

from changeover.drift import RangeVerified, Resynced, resync, verify
from changeover.drift.verify import due
from changeover.ledger import verified as ledger
from changeover.ledger.verified import Depth
from changeover.project import Project


def verified(
    project: Project, *roots: str, depth: Depth = "checksums", **options: Any
) -> list[RangeVerified]:
    """A pass over all ranges."""
    found: list[RangeVerified] = []
    with project.new.engine.begin() as connection:
        one = ledger.begin(connection, "test", depth)
    for root in roots or tuple(project.moves):
        found += verify(project, root, due(project, root, one=one), one, **options)
    with project.new.engine.begin() as connection:
        ledger.finish(connection, one)
    return found


def drift(project: Project, found: list[RangeVerified]) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """By target, each drifted root's key, with its kind and columns."""
    targets = {bound.id: bound.mapping.target for move in project.moves.values() for bound in move.bounds}
    told: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {}
    for one in found:
        assert one.error is None, one.error
        for finding in one.findings:
            told.setdefault(targets[finding.mapping_id], {})[finding.key] = (finding.kind, finding.columns)
    return told


def mended(project: Project, **options: Any) -> list[Resynced]:
    """A resync of everything."""
    return [one for root in project.moves for one in resync(project, root, **options)]
