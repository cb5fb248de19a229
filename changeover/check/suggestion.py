"""Remedies for names that don't exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 20
"""Names listed at most: a table of the sample domains fits, a page of names is not read."""


def instead(name: str, there: Iterable[str]) -> str:
    """What to write instead of ``name``: the name most like it, and those that exist."""
    names = list(there)
    if not names:
        return "there is none"
    folded = {other.casefold(): other for other in names}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    listed = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return f"did you mean {folded[near[0]]}? There are: {listed}" if near else f"there are: {listed}"
