"""`apply`: make the targets of some roots equal to what the roots say now. The only code that writes target rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Bound, Move
from changeover.dialects import Block
from changeover.ledger import image_waits
from changeover.ledger import rejects as ledger_rejects
from changeover.ledger.crossed import Crossed
from changeover.ledger.mappings import names
from changeover.ledger.rejects import Reject
from changeover.project import Project
from changeover.transfer import sql
from changeover.transfer.aside import give_up
from changeover.transfer.children import children
from changeover.transfer.chunk import Applied, Keys, Selection, Span
from changeover.transfer.confirm import confirmed
from changeover.transfer.id_pool import Ids, IdsShort, Pool
from changeover.transfer.inherit import inherit
from changeover.transfer.late import late
from changeover.transfer.part import FirstAsked, Root, depart
from changeover.transfer.reading import absent, read
from changeover.transfer.referred import held, rejects
from changeover.transfer.remove import delete, gone, leads, span
from changeover.transfer.statements import parts, run, scalar
from changeover.transfer.unreadable import bad_text, root_keys
from changeover.transfer.write import Writer

CROSSINGS = 10
"""Times that a chunk begins again since others noted the same of its roots. Each time they have committed; so many times in a row
it is no crossing, and the database's own error is told."""

Record = Callable[[sa.Connection, Applied], None]
"""Called in the transaction, before it commits: writes progress that must be true exactly if the rows are there."""


def apply(
    project: Project,
    move: Move,
    selection: Selection,
    pool: Pool,
    *,
    range_no: int | None = None,
    record: Record | None = None,
    exclusive: bool = False,
    ids_ahead: int = 0,
) -> Applied:
    """Read the roots of ``selection`` and make all their target rows equal, in one transaction under the table locks.

    Parameters: ``range_no`` the range the roots belong to, where that is known; ``record`` joins the transaction;
    ``exclusive`` takes the table locks alone, as live sync does; ``ids_ahead`` is how many further new rows are expected soon,
    for databases whose ids are taken ahead.
    Returns: counts over all targets. Rows that could not be stored are in the ledger as rejects, and counted.
    Raises: BlockTooLarge when the old server can't send the roots at once; database errors, transient ones among them.
    """
    asked, vanished, followers = False, frozenset[str](), list[tuple[str, str]]()
    crossings = 0
    while True:
        try:
            applied = _apply(project, move, selection, pool, range_no, record, exclusive, asked, vanished)
            applied.followers += followers
            break
        except IdsShort as short:
            # Nothing was written: ids can't be taken inside the transaction that needs them, so it begins again with them.
            pool.fill(short.bound, project.new.engine, short.needed, ids_ahead)
        except FirstAsked as first:
            followers += _apply_first(project, first.first, pool)
            asked = True
        except Vanished as seen:
            vanished = seen.roots
        except Crossed as crossed:
            crossings += 1
            if crossings > CROSSINGS:
                raise crossed.__cause__ or crossed from None
    if applied.waits:
        _apply_arrived(project, move, applied, pool)
    return applied


def _apply_first(project: Project, roots: Sequence[Root], pool: Pool) -> list[tuple[str, str]]:
    """Apply the roots that shared rows are made of, in transactions of their own. Returns who follows them."""
    followers: list[tuple[str, str]] = []
    for move in project.moves.values():
        for bound in move.bounds:
            for keys in parts(key for number, key in roots if number == bound.id):
                followers += apply(project, move, Keys(tuple(keys)), pool).followers
    return followers


def _apply_arrived(project: Project, move: Move, applied: Applied, pool: Pool) -> None:
    """Apply the roots again whose image was stored after it was looked for.

    Who stores an image commits that, and then looks for notes of it; the notes are committed here, and then the images are looked
    for. Whichever comes first, one of the two finds the other.
    """
    roots = sorted({one.root_key for one in applied.waits})
    for bound in move.bounds:
        if bound.images:
            with project.reading() as connection:
                arrived = image_waits.arrived(connection, bound.id, roots)
            for part in parts(sorted(arrived)):
                applied.followers += apply(project, move, Keys(tuple(part)), pool).followers


def _apply(
    project: Project,
    move: Move,
    selection: Selection,
    pool: Pool,
    range_no: int | None,
    record: Record | None,
    exclusive: bool,
    asked: bool,
    vanished: frozenset[str],
) -> Applied:
    new, old = project.new.engine, project.old[move.database].engine
    applied = Applied()
    with new.begin() as target, old.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        # The lock comes before the read: a chunk that was read before a change must not be written after it.
        project.dialect.lock(target, move.targets, exclusive=exclusive)
        locked = time.monotonic()
        if project.new.at_once:
            # At the commit nobody could tell any more which row a constraint complains about.
            run(target, project.new.at_once)
        for bound in move.bounds:
            ids = Ids(pool, bound, target, new)
            try:
                part = _apply_one(target, source, bound, selection, range_no, ids, asked, vanished)
            except (IdsShort, FirstAsked, Vanished, Crossed):
                ids.undo()
                raise
            finally:
                ids.close()
            roots = max(applied.rows_read, part.rows_read)
            applied.add(part)
            applied.rows_read = roots  # the targets of a split are made of the same roots
            applied.followers += _wait(target, children(project, bound, [key for _, key in part.left]))
        if record:
            record(target, applied)
    applied.seconds = time.monotonic() - locked
    return applied


def _apply_one(
    target: sa.Connection,
    source: sa.Connection,
    bound: Bound,
    selection: Selection,
    range_no: int | None,
    ids: Ids,
    asked: bool,
    vanished: frozenset[str],
) -> Applied:
    block, rejected = read(source, bound, selection)
    uncomputable = list(rejected)
    applied = Applied(rows_read=block.rows + len(rejected), bytes=len(block.data))
    made = late(target, bound, block)
    rejected += made.rejects
    staged, unreadable = bad_text(target, bound, made.block)
    rejected.extend(unreadable)
    # Looked for while the stage holds all that was read: a row that doesn't fit is no root that is gone.
    unstaged = {reject.root_key for reject in rejected}
    missing = [key for key in gone(target, bound, selection) if key not in unstaged]
    missing = confirmed(source, bound, selection, missing)
    known = list(selection.encoded) if isinstance(selection, Keys) else _with_rejects(target, bound)
    vacant = absent(source, bound, sorted(vanished))
    heirs = inherit(target, bound, [*missing, *vacant], range_no)
    noted = _noted(target, bound, selection, {*missing, *heirs})
    missing = [key for key in missing if key not in heirs]
    stay = _held(target, bound, missing)
    staying = {reject.root_key for reject in stay}
    deleted, followers, stuck = _delete(target, bound, [key for key in missing if key not in staying])
    applied.deleted += deleted
    if followers:  # rows that others share lost a root
        applied.left.extend((bound.id, key) for key in missing if key not in staying)
    rejected += stay + stuck
    kept_for_others = {reject.root_key for reject in stay + stuck}
    lacking = list[Reject]()
    if staged.rows:
        fresh = is_fresh(target, bound, selection)
        if vacant:
            give_up(target, bound, sorted(_kept(target, bound, vacant, kept_for_others)))
        writer = Writer(target, bound, range_no, ids, fresh_span=fresh, first_asked=asked)
        written, more = writer.write_staged(staged)
        holders = _kept(target, bound, {one.holder for one in more if one.holder}, kept_for_others)
        _look_for_rivals(source, bound, {one.rival for one in more if one.rival} | holders, vanished)
        applied.add(written)
        rejected.extend(more)
        lacking = writer.lacking
        followers.extend(writer.followers)
        applied.left.extend((bound.id, key) for key in writer.left)
    if noted or made.waits:
        lost = {reject.root_key for reject in rejected}
        applied.waits = [one for one in made.waits if one.root_key not in lost]
        image_waits.settle(target, bound.dialect, bound.id, noted, applied.waits)
    kept = rejected + lacking
    settled = {*known, *heirs, *(reject.root_key for reject in kept)}
    if settled:
        ledger_rejects.settle(target, bound.id, sorted(settled), range_no, kept)
    applied.rejected += len({reject.root_key for reject in rejected})
    applied.due = _due(bound, block, uncomputable, [*stay, *stuck], clean=not rejected)
    applied.followers.extend(_wait(target, followers))
    return applied


class Vanished(Exception):
    """Roots of a chunk make rows that belong to other roots, or have their unique values, and these are gone from the old table.
    Undo the chunk, and begin again: what is gone gives its row up first, or the values if the row has to stay."""

    def __init__(self, roots: frozenset[str]) -> None:
        super().__init__(f"{len(roots)} roots")
        self.roots = roots


def _kept(target: sa.Connection, bound: Bound, roots: Collection[str], now: Collection[str]) -> set[str]:
    """Those of the roots, among them those found ``now``, that are gone while their rows have to stay. No other row without a root
    is touched: it may be the new application's."""
    return (set(roots) & set(now)) | ledger_rejects.referenced(target, bound.id, sorted(roots))


def _look_for_rivals(
    source: sa.Connection, bound: Bound, rivals: Collection[str], vanished: frozenset[str]
) -> None:
    """Raises Vanished for rivals that are gone. Of two keys of one row, either may come first."""
    if gone := absent(source, bound, sorted(set(rivals) - vanished)):
        raise Vanished(vanished | set(gone))


def _due(bound: Bound, block: Block, unread: Sequence[Reject], held: Sequence[Reject], *, clean: bool) -> int:
    """How many rows are to be written, found right or rejected: see `Applied`. Rows that share a key are one, and are rejected;
    where nothing is, the write has seen that each row has its own."""
    if clean:
        return block.rows
    read_keys = {*root_keys(bound, block), *(reject.root_key for reject in unread)}
    return len(read_keys) + len({reject.root_key for reject in held})


def _with_rejects(target: sa.Connection, bound: Bound) -> list[str]:
    if not ledger_rejects.any_open(target, bound.id):
        return []
    return ledger_rejects.with_rejects(target, bound.id, sql.stage(bound))


def _noted(
    target: sa.Connection, bound: Bound, selection: Selection, missing: Collection[str]
) -> image_waits.Noted:
    """The notes of images that the selection's roots wait for, those that are gone among them."""
    if not image_waits.any_noted(target, bound.id):
        return {}
    if isinstance(selection, Keys):
        return image_waits.of_roots(target, bound.id, sorted({*selection.encoded, *missing}))
    staged = image_waits.staged(target, bound.dialect, bound.id, sql.stage(bound))
    return staged | image_waits.of_roots(target, bound.id, sorted(missing))


def _held(target: sa.Connection, bound: Bound, keys: Sequence[str]) -> list[Reject]:
    """Roots that are gone whose rows must stay, since deleting one would delete or change rows that refer to it."""
    if not keys or not bound.referring:
        return []
    roots = leads(target, bound, keys)
    return rejects(roots, held(target, bound, [key for _, key in roots]))


def _delete(
    target: sa.Connection, bound: Bound, keys: Sequence[str]
) -> tuple[int, list[tuple[int, str]], list[Reject]]:
    """Delete the rows of roots that are gone; those that other rows refer to stay, as rejects."""
    if not keys:
        return 0, [], []
    savepoint = target.begin_nested()
    try:
        departed = depart(target, bound, keys)
        stuck = {reject.root_key for reject in departed.stuck}
        rest = [key for key in keys if key not in departed.left and key not in stuck]
        deleted, followers = delete(target, bound, rest)
        savepoint.commit()
        return deleted, departed.followers + followers, departed.stuck
    except exc.DBAPIError as error:
        if bound.dialect.trouble(error) != "row":
            raise
        savepoint.rollback()
        if len(keys) == 1:
            reason = f"its root is gone, and its row can't be deleted: {bound.dialect.explain(error)}"
            return 0, [], [Reject(keys[0], "", "referenced", reason)]
    middle = len(keys) // 2
    first, second = _delete(target, bound, keys[:middle]), _delete(target, bound, keys[middle:])
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]


def _wait(target: sa.Connection, followers: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    """Remember, in this transaction, that these roots are to be applied: the row they share lost or got a root."""
    if not followers:
        return []
    known = names(target)
    reason = "another root of its row came or went, and it is to be looked at again"
    for mapping_id in sorted({number for number, _ in followers}):
        keys = sorted({key for number, key in followers if number == mapping_id})
        waiting = [Reject(key, "", "waiting", reason) for key in keys]
        ledger_rejects.settle(target, mapping_id, keys, None, waiting)
    return [(known[mapping_id][0], key) for mapping_id, key in followers if mapping_id in known]


def is_fresh(target: sa.Connection, bound: Bound, selection: Selection) -> bool:
    """The target certainly has no row that the selection could lead to: one look at an index."""
    if bound.identity != "direct" or not isinstance(selection, Span):
        return False
    return (
        scalar(
            target,
            f"SELECT 1 FROM {bound.dialect.table(bound.new.table)} AS t WHERE {span(bound, selection)} LIMIT 1",
        )
        is None
    )
