"""One source column against one target column: each value is moved, and each must arrive unchanged or be rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.types.base import Fit, Kind, Verdict
from changeover.types.written import MARK
from tests.types.meaning import same_meaning
from tests.types.rig import SampleColumn, Side


@dataclass
class Trial:
    """What came of it. ``problems`` are broken promises; ``unnamed`` are rejects that no misfit explains."""

    source: SampleColumn
    target: SampleColumn
    verdict: Verdict
    kept: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list[str])
    unnamed: list[str] = field(default_factory=list[str])
    respelled: list[str] = field(default_factory=list[str])
    """Values that are kept, and that a checksum would see another text of."""


@dataclass
class Outcome:
    """What became of one staged text."""

    refused: bool = False
    differs: bool = False
    stored: Any = None
    shown: str | None = None
    """What a checksum sees."""
    reasons: list[str] = field(default_factory=list[str])


def attempt(old: Side, source: SampleColumn, new: Side, target: SampleColumn, connections: Any) -> Trial:
    """Move every value of ``source`` to ``target``. ``connections`` are one to read and one to write."""
    trial = Trial(source, target, target.kind.accepts(source.kind))
    if trial.verdict.fit is Fit.REFUSED:
        return trial
    reading, writing = connections
    rows = old.shown(reading, source, target.kind)
    outcomes = move(new, target, writing, {row[0]: row[1] for row in rows}, source.kind)
    writing.rollback()
    for place, text, raw_value in rows:
        _judge(trial, new, place, text, raw_value, outcomes[place])
    return trial


def move(
    new: Side,
    target: SampleColumn,
    writing: sa.Connection,
    texts: dict[int, str | None],
    source: Kind | None = None,
) -> dict[int, Outcome]:
    """Stage the texts, by row number, and store them in the target's empty table: what became of each.

    ``source`` is the kind that wrote them, if one did: the comparison made for it must find the same.
    """
    outcomes = {place: Outcome() for place in texts}
    if new.family == "postgresql":
        for place in [place for place, text in texts.items() if "\0" in (text or "")]:
            outcomes[place] = Outcome(refused=True, reasons=["U+0000"])
    staged = [{"n": place, "s": text} for place, text in texts.items() if not outcomes[place].refused]
    writing.execute(sa.text("INSERT INTO staged VALUES (:n, :s)"), staged)
    _ask_misfits(new, target, writing, outcomes)
    _insert(new, target, writing, outcomes)
    differs = target.kind.differs("t.v", "staged.s", new.family)
    short = target.kind.differs_from(source, "t.v", "staged.s", new.family) if source else differs
    joined = f"t{target.number} t JOIN staged ON staged.n = t.n"
    stored, shown = new.raw("t.v", target.kind), target.kind.shown("t.v", new.family)
    found = writing.exec_driver_sql(f"SELECT t.n, {differs}, {short}, {stored}, {shown} FROM {joined}")
    for place, other, other_in_short, value, text in found:
        assert other is not None, f"differs is NULL: {differs}"
        assert other_in_short == other, f"{texts[place]!r} is told otherwise by {short}"
        outcomes[place].differs, outcomes[place].stored = bool(other), value
        outcomes[place].shown = text.decode() if isinstance(text, bytes) else text
        marked = (texts[place] or "").startswith(MARK)  # which is stored here, and by no copy
        seen = outcomes[place].shown == texts[place]
        assert marked or not (other and seen), (
            f"{target.sample.ddl}: {texts[place]!r} differs, and a checksum sees it there"
        )
    fitting = ", ".join(str(place) for place, it in outcomes.items() if not it.refused and not it.differs)
    if fitting:
        assert _update_those_that_differ(new, target, writing, f"staged.n IN ({fitting})") == 0
    return outcomes


def _insert(new: Side, target: SampleColumn, writing: sa.Connection, outcomes: dict[int, Outcome]) -> None:
    """What no misfit is known of at once, the rest one by one: a row that is refused must not hide another."""
    store = f"INSERT INTO t{target.number} SELECT n, {target.kind.store('staged.s', new.family)} FROM staged"
    waiting = [place for place, outcome in outcomes.items() if not outcome.refused]
    clean = [place for place in waiting if not outcomes[place].reasons]
    if clean and _try(new, writing, f"{store} WHERE n IN ({', '.join(map(str, clean))})"):
        waiting = [place for place in waiting if place not in clean]
    for place in waiting:
        outcomes[place].refused = not _try(new, writing, f"{store} WHERE n = {place}")


def _ask_misfits(
    new: Side, target: SampleColumn, writing: sa.Connection, outcomes: dict[int, Outcome]
) -> None:
    misfits = target.kind.misfits("staged.s", new.family)
    if not misfits:
        return
    flags = ", ".join(misfit.predicate for misfit in misfits)
    for place, *found in writing.exec_driver_sql(f"SELECT n, {flags} FROM staged WHERE s IS NOT NULL"):
        assert None not in found, f"a misfit is NULL: {misfits[found.index(None)]}"
        outcomes[place].reasons = [misfit.reason for misfit, flag in zip(misfits, found, strict=True) if flag]


def _update_those_that_differ(new: Side, target: SampleColumn, writing: sa.Connection, where: str) -> int:
    """As the engine does it: the predicate stands in the WHERE of an UPDATE, in strict mode."""
    differs = target.kind.differs("t.v", "staged.s", new.family)
    store = target.kind.store("staged.s", new.family)
    table = f"t{target.number}"
    if new.family == "mysql":
        statement = (
            f"UPDATE {table} t JOIN staged ON staged.n = t.n SET t.v = {store} WHERE {where} AND {differs}"
        )
    else:
        statement = (
            f"UPDATE {table} AS t SET v = {store} FROM staged WHERE staged.n = t.n AND {where} AND {differs}"
        )
    return writing.exec_driver_sql(statement).rowcount


def _try(new: Side, writing: sa.Connection, statement: str) -> bool:
    """Whether the statement succeeds. Only PostgreSQL's transaction needs to be saved from one that does not."""
    try:
        if new.family == "postgresql":
            writing.exec_driver_sql(f"SAVEPOINT before; {statement}; RELEASE SAVEPOINT before")
        else:
            writing.exec_driver_sql(statement)
    except DBAPIError:
        if new.family == "postgresql":
            writing.exec_driver_sql("ROLLBACK TO SAVEPOINT before")
        return False
    return True


def _judge(trial: Trial, new: Side, place: int, text: str | None, raw: Any, outcome: Outcome) -> None:
    where = f"{trial.source.sample.ddl} -> {trial.target.sample.ddl}, {text!r:.60}"
    lenient = new.family == "sqlite"
    rejected = outcome.refused or outcome.differs or (lenient and bool(outcome.reasons))
    if rejected:
        trial.rejected += 1
        if trial.verdict.fit is Fit.EXACT and place not in trial.source.dirty:
            trial.problems.append(f"{where}: said to fit exactly, but rejected: {outcome}")
        if not outcome.reasons:
            trial.unnamed.append(f"{where}: {outcome}")
        return
    trial.kept += 1
    if outcome.shown != text:
        trial.respelled.append(f"{where}, {outcome.shown!r:.60}")
    if outcome.reasons:
        trial.problems.append(f"{where}: stored unchanged, yet a misfit: {outcome.reasons}")
    if not same_meaning(raw, trial.source.kind, outcome.stored, trial.target.kind):
        trial.problems.append(f"{where}: changed without notice: {raw!r:.60} became {outcome.stored!r:.60}")
