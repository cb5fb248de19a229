"""Which set of images a command is about."""

from __future__ import annotations

from typing import Annotated

import typer

from changeover.errors import ConfigurationError
from changeover.mapping import Image, ImageSet, Registry

SetName = Annotated[
    str | None,
    typer.Option("--set", metavar="NAME", help="The set they are of; may be left out where there is one."),
]


def set_named(registry: Registry, name: str | None) -> ImageSet:
    """The set of that name, or the only one. Raises ConfigurationError naming those that there are."""
    there = declared(registry)
    listed = ", ".join(sorted(there)) or "none"
    if name is None and len(there) == 1:
        return next(iter(there.values()))
    if name is None:
        raise ConfigurationError(f"say with --set which images these are; there are: {listed}")
    if name not in there:
        raise ConfigurationError(f"no set of images is named {name!r}; there are: {listed}")
    return there[name]


def declared(registry: Registry) -> dict[str, ImageSet]:
    """All sets that columns are declared with, by name."""
    return {
        made.images.name: made.images
        for mapping in registry.mappings
        for made in mapping.made.values()
        if isinstance(made, Image)
    }
