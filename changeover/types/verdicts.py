"""Short forms for verdicts."""

from __future__ import annotations

from changeover.types.base import Fit, Verdict

EXACT = Verdict(Fit.EXACT)

NARROW = "say so with narrow(...): rows that do not fit are then rejected, none is changed"


def checked(why: str) -> Verdict:
    """Values that do not fit are found and rejected."""
    return Verdict(Fit.CHECKED, why, "nothing to write: look at the rejects")


def narrows(why: str, remedy: str = NARROW) -> Verdict:
    """The target is visibly smaller."""
    return Verdict(Fit.NARROWS, why, remedy)


def refused(why: str, remedy: str) -> Verdict:
    """There is no meaning to it, or a silent change."""
    return Verdict(Fit.REFUSED, why, remedy)
