"""Every order of steps, breadth first: the way to what is wrong is one of the shortest there are."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from tests.models.protocol import Machine, State

Verdict = Literal["converges", "diverged", "false alarm", "stuck"]


@dataclass(frozen=True)
class Explored:
    """``trace`` are the steps that lead to what is wrong. ``quiet`` states were looked at; without one, nothing was shown."""

    verdict: Verdict
    states: int
    quiet: int
    trace: tuple[str, ...] = ()


def explore(machine: Machine) -> Explored:
    """Visit every state that can be reached, until one is wrong.

    Wrong is: target and source differ when all is quiet; the verifier called drift what was none; nothing can go on though
    there is work left.
    """
    start = machine.start()
    seen: dict[State, tuple[State, str] | None] = {start: None}
    waiting, quiet = deque([start]), 0
    while waiting:
        state = waiting.popleft()
        found = list(machine.moves(state))
        wrong: Verdict | None = "false alarm" if state.alarm else None
        if machine.quiet(state):
            quiet += 1
            wrong = wrong or ("diverged" if state.source != state.target else None)
        elif not found:
            wrong = wrong or "stuck"
        if wrong:
            return Explored(wrong, len(seen), quiet, _way(seen, state))
        for label, after in found:
            if after not in seen:
                seen[after] = (state, label)
                waiting.append(after)
    return Explored("converges", len(seen), quiet)


def _way(seen: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    steps: list[str] = []
    while (before := seen[state]) is not None:
        state, label = before
        steps.append(label)
    return tuple(reversed(steps))
