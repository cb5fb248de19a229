"""Whether rows wait for images that may be moved now."""

from __future__ import annotations

from changeover.image_sets.walk import sets_of
from changeover.ledger import image_changes, image_waits
from changeover.project import Project


def any_waiting(project: Project) -> bool:
    """Some copied row names an image that is neither stored nor rejected, or is to be applied again: its image is stored by now, or
    has another key."""
    names = {images.name for move in project.moves.values() for images in sets_of(move)}
    bounds = [bound for move in project.moves.values() for bound in move.bounds if bound.images]
    numbers = [bound.id for bound in bounds]
    with project.reading() as connection:
        return (
            image_changes.any_changed(connection, names)
            or any(image_waits.wanted(connection, numbers, name, limit=1) for name in names)
            or any(image_waits.ripe(connection, bound.id, limit=1) for bound in bounds)
        )
