"""The order in which things that need each other are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def parents_first(names: Iterable[str], parents: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """``names`` in their order, but each after its parents. Of a circle, the first named comes after the others."""
    done: dict[str, None] = {}
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for parent in parents.get(name, ()):
            visit(parent)
        done[name] = None

    for name in names:
        visit(name)
    return tuple(done)
