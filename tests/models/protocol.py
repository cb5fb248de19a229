"""The protocol of capture and live sync as a machine of small steps, for `tests.models.explore` to try in every order.

What runs at once, each with the steps that it can be interrupted between:

- *sessions* of the old application. A statement takes ids for its outbox entries, but these, and the change, are seen by others
  only after the commit: ids become visible out of order.
- an *installer* that makes the triggers, once no transaction is open (DDL waits for them), and then has every chunk copied again
  that was begun before; a copier that is at one finds itself taken over, and rolls back.
- *copiers*, chunk by chunk: take the table lock shared, read the rows, write them and commit, which gives the lock back.
- *appliers*: read the entries that are visible, take the lock alone, read the rows, write and commit, then delete these entries.
- a *verifier* of the first chunk, while copiers may copy it again: take the lock shared, read the target, then the old rows, then
  their pending keys (or the latter two in one snapshot). A row that differs and has no pending key is drift.

The lock is part of a transaction, so it is no state of its own: who has done ``lock`` and not yet ``commit`` holds it.

The race that it is all about, with the copier's ``lock`` after its ``read``: the copier reads a=1; the application writes a=2, and
an applier locks, reads a=2, commits, and deletes the entry; the copier locks, writes a=1. Both sides are quiet, no entry speaks of
``a`` any more, and the target is wrong for ever. With ``lock`` before ``read`` the applier has to wait for the copier; and if the
applier came first, the copier reads a=2. The same happens between two appliers, which is why they exclude each other; and a row
that was deleted comes back in the same way.

The verifier shares the lock with copiers, and so has a race of its own, if it reads the target after the old rows: it reads a=1,
the application writes a=2, a copier reads a=2 and commits, and the verifier finds a=2 in the target, with nothing pending when it
looked. Having read the target first, it finds what a copier changed in between among the pending keys: who could have deleted the
entry, an applier, has to wait for the verifier.

In direct mode a trigger also writes the target, in the session's own transaction and without the table lock, which it can't wait
for; a write that would have to wait or doesn't fit is left out, so any of them may be missing. The copier that read a=1 before is
then free to write it over the trigger's a=2, and only the entry, applied under the lock, brings a=2 back. Row locks are no part of
the model: they only keep some of its orders from happening.

`PROTOCOL` is what is built. Each of `BROKEN` departs from it in one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Literal, NamedTuple

Key = int
Value = int | None
Rows = tuple[Value, ...]
"""Values by key; None: there is no such row."""
Install = Literal["triggers", "again"]
Step = Literal["poll", "lock", "look", "read", "commit", "acknowledge", "pending"]
"""``look``: at the target."""


@dataclass(frozen=True)
class Write:
    """Insert or update."""

    key: Key
    value: int


@dataclass(frozen=True)
class Erase:
    """Delete, if it is there."""

    key: Key


@dataclass(frozen=True)
class Rename:
    """A key change, unless the new key is taken."""

    key: Key
    to: Key


Transaction = tuple[Write | Erase | Rename, ...]


@dataclass(frozen=True)
class Rules:
    """Who does what in which order. ``snapshot``: the verifier reads rows and pending keys at one moment."""

    copier: tuple[Step, ...] = ("lock", "read", "commit")
    applier: tuple[Step, ...] = ("poll", "lock", "read", "commit", "acknowledge")
    verifier: tuple[Step, ...] = ("lock", "look", "read", "pending", "commit")
    snapshot: bool = False
    install: tuple[Install, ...] = ("triggers", "again")
    takes_over: bool = True
    notes_old_key: bool = True
    writes_at_once: Literal["nothing", "what it can", "everything"] = "nothing"
    """What of a transaction's changes triggers write into the target."""
    notes: bool = True
    deletes: Literal["what it read", "up to the last", "nothing, but goes on above the last"] = "what it read"


PROTOCOL = Rules()
ONE_SNAPSHOT = replace(PROTOCOL, verifier=("lock", "look", "read", "commit"), snapshot=True)
"""As good: who keeps a snapshot of the old database needs no further look."""
DIRECT = replace(PROTOCOL, writes_at_once="what it can")
BROKEN = {
    "a direct write in the place of an entry": replace(DIRECT, writes_at_once="everything", notes=False),
    "a key change's direct write notes the new key only": replace(
        DIRECT, writes_at_once="what it can", notes_old_key=False
    ),
    "a copier reads before it locks": replace(PROTOCOL, copier=("read", "lock", "commit")),
    "a copier without the lock": replace(PROTOCOL, copier=("read", "commit")),
    "an applier reads before it locks": replace(
        PROTOCOL, applier=("poll", "read", "lock", "commit", "acknowledge")
    ),
    "an applier without the lock": replace(PROTOCOL, applier=("poll", "read", "commit", "acknowledge")),
    "an applier acknowledges before it applies": replace(
        PROTOCOL, applier=("poll", "acknowledge", "lock", "read", "commit")
    ),
    "an applier keeps a cursor": replace(PROTOCOL, deletes="nothing, but goes on above the last"),
    "an applier deletes all entries up to the last it read": replace(PROTOCOL, deletes="up to the last"),
    "what was copied before the triggers stood is kept": replace(PROTOCOL, install=("triggers",)),
    "chunks are to be copied again, and then the triggers are made": replace(
        PROTOCOL, install=("again", "triggers")
    ),
    "a copier goes on that began before the triggers stood": replace(PROTOCOL, takes_over=False),
    "a key change notes the new key only": replace(PROTOCOL, notes_old_key=False),
}
BLIND = {
    "a verifier without the lock": replace(PROTOCOL, verifier=("look", "read", "pending", "commit")),
    "a verifier looks at the target before it locks": replace(
        PROTOCOL, verifier=("look", "lock", "read", "pending", "commit")
    ),
    "a verifier looks at the target after the rows": replace(
        ONE_SNAPSHOT, verifier=("lock", "read", "look", "commit")
    ),
    "a verifier reads pending keys before the rows": replace(
        PROTOCOL, verifier=("lock", "look", "pending", "read", "commit")
    ),
}
"""Departures of the verifier: both sides converge, but it raises false alarms."""


class Entry(NamedTuple):
    id: int
    key: Key


class Session(NamedTuple):
    """``changes`` and ``entries`` are those of the open transaction; ``statement`` 0: none is open."""

    transaction: int = 0
    statement: int = 0
    changes: tuple[tuple[Key, Value], ...] = ()
    entries: tuple[Entry, ...] = ()


class Copier(NamedTuple):
    chunk: int = 0
    done: int = 0
    rows: Rows = ()


class Applier(NamedTuple):
    done: int = 0
    entries: tuple[Entry, ...] = ()
    rows: Rows = ()


class Verifier(NamedTuple):
    done: int = 0
    rows: Rows = ()
    target: Rows = ()
    pending: frozenset[Key] = frozenset()


class State(NamedTuple):
    """Everything there is at a moment. ``done`` of a process counts the steps of its rules that it has behind it."""

    source: Rows
    target: Rows
    sessions: tuple[Session, ...]
    copiers: tuple[Copier, ...]
    appliers: tuple[Applier, ...]
    verifier: Verifier
    crashes: int
    """That may still happen."""
    outbox: frozenset[Entry] = frozenset()
    next_id: int = 1
    cursor: int = 0
    installed: int = 0
    """How many steps of the install are done."""
    alarm: bool = False
    """The verifier called drift what was none."""


@dataclass(frozen=True)
class Scenario:
    """``chunks`` are keys; ``copiers`` name, each, the chunks that it copies one after the other.

    ``installs``: triggers are made on the way, at any time; otherwise they stand from the beginning.
    """

    source: Rows
    sessions: tuple[tuple[Transaction, ...], ...]
    chunks: tuple[tuple[Key, ...], ...]
    copiers: tuple[tuple[int, ...], ...]
    appliers: int = 2
    crashes: int = 1
    verifies: bool = True
    installs: bool = False


Moves = Iterator[tuple[str, State]]


@dataclass(frozen=True)
class Machine:
    """All that can happen next, in a scenario under some rules."""

    scenario: Scenario
    rules: Rules

    def start(self) -> State:
        """Nothing has happened."""
        given = self.scenario
        return State(
            given.source,
            (None,) * len(given.source),
            (Session(),) * len(given.sessions),
            (Copier(),) * len(given.copiers),
            (Applier(),) * given.appliers,
            Verifier(),
            given.crashes,
            installed=0 if given.installs else len(self.rules.install),
        )

    def moves(self, s: State) -> Moves:
        """Every step that some process can take now: what it is, and what is then."""
        yield from self._installer(s)
        for n in range(len(s.sessions)):
            yield from self._session(s, n)
        for n in range(len(s.copiers)):
            yield from self._copier(s, n)
        for n in range(len(s.appliers)):
            yield from self._applier(s, n)
        yield from self._verifier(s)

    def quiet(self, s: State) -> bool:
        """Nothing is under way and nothing is left to do."""
        return (
            self._is_installed(s)
            and all(
                one.transaction == len(t) for one, t in zip(s.sessions, self.scenario.sessions, strict=True)
            )
            and all(one.chunk == len(c) for one, c in zip(s.copiers, self.scenario.copiers, strict=True))
            and not any(one.done for one in s.appliers)
            and not self._visible(s)
        )

    def _is_installed(self, s: State) -> bool:
        return s.installed == len(self.rules.install)

    def _stand(self, s: State) -> bool:
        return "triggers" in self.rules.install[: s.installed]

    def _installer(self, s: State) -> Moves:
        if self._is_installed(s):
            return
        further = s._replace(installed=s.installed + 1)
        if self.rules.install[s.installed] == "again":
            kept = (one if one.done and not self.rules.takes_over else Copier() for one in s.copiers)
            yield "all is to be copied again", further._replace(copiers=tuple(kept))
        elif not any(session.statement for session in s.sessions):
            yield "triggers are made", further

    def _session(self, s: State, n: int) -> Moves:
        me, work = s.sessions[n], self.scenario.sessions[n]
        if me.transaction == len(work):
            return
        statements = work[me.transaction]
        if me.statement < len(statements):
            yield from self._executed(s, n, statements[me.statement])
        else:
            source = _changed(s.source, me.changes)
            for target in self._at_once(s, dict(me.changes)):
                after = s._replace(source=source, target=target, outbox=s.outbox | set(me.entries))
                yield f"session {n} commits", _with_session(after, n, Session(me.transaction + 1))
        if me.statement and s.crashes:
            yield (
                f"session {n} CRASHES",
                _with_session(s._replace(crashes=s.crashes - 1), n, Session(me.transaction)),
            )

    def _at_once(self, s: State, changes: dict[Key, Value]) -> set[Rows]:
        """What the target may be when the transaction has committed."""
        everything = _changed(s.target, tuple(changes.items()))
        if self.rules.writes_at_once == "nothing" or not self._stand(s):
            return {s.target}
        if self.rules.writes_at_once == "everything":
            return {everything}
        several = chain.from_iterable(combinations(changes.items(), n) for n in range(len(changes) + 1))
        return {_changed(s.target, some) for some in several}

    def _executed(self, s: State, n: int, statement: Write | Erase | Rename) -> Moves:
        me = s.sessions[n]
        seen = _changed(s.source, me.changes)
        changes = _changes(seen, statement)
        keys = [key for key, _ in changes]
        others = {key for one in s.sessions if one is not me for key, _ in one.changes}
        if others.intersection(keys):
            return  # it waits for the other's row lock
        noted = keys[-1:] if isinstance(statement, Rename) and not self.rules.notes_old_key else keys
        entries = [
            Entry(s.next_id + i, key)
            for i, key in enumerate(noted if self._stand(s) and self.rules.notes else ())
        ]
        after = me._replace(
            statement=me.statement + 1, changes=me.changes + changes, entries=me.entries + tuple(entries)
        )
        yield (
            f"session {n}: {statement}",
            _with_session(s._replace(next_id=s.next_id + len(entries)), n, after),
        )

    def _copier(self, s: State, n: int) -> Moves:
        me, work = s.copiers[n], self.scenario.copiers[n]
        if me.chunk == len(work):
            return
        keys, step = self.scenario.chunks[work[me.chunk]], self.rules.copier[me.done]
        who = f"copier {n}"
        if step == "lock" and not self._held_alone(s):
            yield f"{who} locks", _with_copier(s, n, me._replace(done=me.done + 1))
        elif step == "read":
            rows = tuple(s.source[key] for key in keys)
            yield f"{who} reads {rows}", _with_copier(s, n, me._replace(done=me.done + 1, rows=rows))
        elif step == "commit":
            target = _changed(s.target, tuple(zip(keys, me.rows, strict=True)))
            yield f"{who} commits", _with_copier(s._replace(target=target), n, Copier(me.chunk + 1))
        if me.done and s.crashes:
            yield f"{who} CRASHES", _with_copier(s._replace(crashes=s.crashes - 1), n, Copier(me.chunk))

    def _applier(self, s: State, n: int) -> Moves:
        me, step, who = s.appliers[n], self.rules.applier[s.appliers[n].done], f"applier {n}"
        further = me.done + 1 if me.done + 1 < len(self.rules.applier) else 0
        if step == "poll":
            for entries in self._polls(s):
                yield f"{who} sees {entries}", _with_applier(s, n, Applier(further, entries))
        elif step == "lock":
            if not self._held(s):
                yield f"{who} locks", _with_applier(s, n, me._replace(done=further))
        elif step == "read":
            rows = tuple(s.source[entry.key] for entry in me.entries)
            yield f"{who} reads {rows}", _with_applier(s, n, me._replace(done=further, rows=rows))
        elif step == "commit":
            target = _changed(s.target, tuple((e.key, v) for e, v in zip(me.entries, me.rows, strict=True)))
            left = Applier(further, me.entries) if further else Applier()
            yield f"{who} commits", _with_applier(s._replace(target=target), n, left)
        elif step == "acknowledge":
            left = me._replace(done=further) if further else Applier()
            yield f"{who} acknowledges", _with_applier(self._acknowledged(s, me.entries), n, left)
        if me.done and s.crashes:
            yield f"{who} CRASHES", _with_applier(s._replace(crashes=s.crashes - 1), n, Applier())

    def _visible(self, s: State) -> list[Entry]:
        return sorted(entry for entry in s.outbox if entry.id > s.cursor)

    def _polls(self, s: State) -> set[tuple[Entry, ...]]:
        """A batch is all that is visible, or the first of it."""
        visible = tuple(self._visible(s))
        return {visible, visible[:1]} if visible else set()

    def _acknowledged(self, s: State, entries: tuple[Entry, ...]) -> State:
        last = max(entry.id for entry in entries)
        if self.rules.deletes == "what it read":
            return s._replace(outbox=s.outbox - set(entries))
        if self.rules.deletes == "up to the last":
            return s._replace(outbox=frozenset(entry for entry in s.outbox if entry.id > last))
        return s._replace(cursor=max(s.cursor, last))

    def _verifier(self, s: State) -> Moves:
        me, keys = s.verifier, self.scenario.chunks[0]
        if me.done == len(self.rules.verifier) or not self.scenario.verifies or not self._is_installed(s):
            return
        if not any(
            0 in work[: one.chunk] for one, work in zip(s.copiers, self.scenario.copiers, strict=True)
        ):
            return  # the range is not done yet
        step, further = self.rules.verifier[me.done], me._replace(done=me.done + 1)
        pending = frozenset(entry.key for entry in s.outbox if entry.key in keys)
        if step == "lock" and not self._held_alone(s):
            yield "verifier locks", s._replace(verifier=further)
        elif step == "look":
            target = tuple(s.target[key] for key in keys)
            yield f"verifier finds {target}", s._replace(verifier=further._replace(target=target))
        elif step == "pending":
            yield "verifier reads pending keys", s._replace(verifier=further._replace(pending=pending))
        elif step == "read":
            read = further._replace(rows=tuple(s.source[key] for key in keys))
            read = read._replace(pending=pending) if self.rules.snapshot else read
            yield f"verifier reads {read.rows}", s._replace(verifier=read)
        elif step == "commit":
            sides = zip(keys, me.rows, me.target, strict=True)
            drift = any(old != new for key, old, new in sides if key not in me.pending)
            yield "verifier ends", s._replace(verifier=Verifier(me.done + 1), alarm=drift)
        if me.done and s.crashes:
            yield "verifier CRASHES", s._replace(crashes=s.crashes - 1, verifier=Verifier())

    def _held_alone(self, s: State) -> bool:
        return any(_holds(self.rules.applier, one.done) for one in s.appliers)

    def _held(self, s: State) -> bool:
        return (
            self._held_alone(s)
            or any(_holds(self.rules.copier, one.done) for one in s.copiers)
            or _holds(self.rules.verifier, s.verifier.done)
        )


def _holds(steps: tuple[Step, ...], done: int) -> bool:
    behind = steps[:done]
    return "lock" in behind and "commit" not in behind


def _changes(rows: Rows, statement: Write | Erase | Rename) -> tuple[tuple[Key, Value], ...]:
    if isinstance(statement, Write):
        return ((statement.key, statement.value),)
    if rows[statement.key] is None:
        return ()
    if isinstance(statement, Erase):
        return ((statement.key, None),)
    if rows[statement.to] is not None:
        return ()
    return ((statement.key, None), (statement.to, rows[statement.key]))


def _changed(rows: Rows, changes: tuple[tuple[Key, Value], ...]) -> Rows:
    if not changes:
        return rows
    found = list(rows)
    for key, value in changes:
        found[key] = value
    return tuple(found)


def _with_session(s: State, n: int, one: Session) -> State:
    return s._replace(sessions=(*s.sessions[:n], one, *s.sessions[n + 1 :]))


def _with_copier(s: State, n: int, one: Copier) -> State:
    return s._replace(copiers=(*s.copiers[:n], one, *s.copiers[n + 1 :]))


def _with_applier(s: State, n: int, one: Applier) -> State:
    # Appliers are all alike: which of them stands where makes no difference, and is one state.
    return s._replace(appliers=tuple(sorted((*s.appliers[:n], one, *s.appliers[n + 1 :]), key=_order)))


def _order(one: Applier) -> tuple[object, ...]:
    return (one.done, one.entries, tuple(-1 if value is None else value for value in one.rows))
