"""Direct mode on PostgreSQL: a trigger and a function beside those of the outbox, with settings of their own.

The function runs with the rights of who made it, so that the old application gets none on the new tables, and in a fixed search
path. Each target is written in a block of its own, which takes back what it did when anything goes wrong. It waits for no lock:
rows are asked for with NOWAIT, and what can't be (an uncommitted row with the same key, a parent that is held) for `LOCK_TIMEOUT`,
which is shorter than it takes to look for a deadlock.

The trigger fires in ordinary sessions only. One that replays others' changes checks no foreign keys either.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.direct import Direct, Receiver, Site, TargetWrite, direct_name
from changeover.dialects.postgresql.naming import quote
from changeover.dialects.postgresql.triggers import literal
from changeover.dialects.triggers import PREFIX, Outbox, Trigger, indented, trigger_name

LOCK_TIMEOUT = "5ms"
"""A thousandth of what an application would notice, times five; and enough for the locks that are held for an instant only, such as
for extending a table's file."""

_LONGEST = 63
_TRIGGER = f"{PREFIX}direct"
_SETTINGS = (
    "search_path = pg_catalog, pg_temp",
    f"lock_timeout = '{LOCK_TIMEOUT}'",
    "standard_conforming_strings = on",
)
_TEXTS = (
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO'",
    "IntervalStyle = 'postgres'",
    "extra_float_digits = '1'",
    "bytea_output = 'hex'",
)
_GUARDS = (
    # An error of it that was caught still dooms the transaction.
    "current_setting('transaction_isolation') <> 'serializable'",
)


def site(old: sa.Connection, new: sa.Connection) -> Site:
    """See `Dialect.direct_site`."""
    if not _one_database(old, new):
        return Site("the old and the new schema are not in one database")
    home = new.exec_driver_sql("SELECT current_schema()").scalar()
    return Site(home=str(home), guards=_GUARDS)


def _one_database(old: sa.Connection, new: sa.Connection) -> bool:
    """Whether a lock that one takes is seen by the other: host names and ports say little behind proxies."""
    one, two = secrets.randbelow(2**31), secrets.randbelow(2**31)
    values = {"one": one, "two": two}
    mine = new.execute(sa.text("SELECT pg_backend_pid() FROM pg_advisory_lock(:one, :two)"), values).scalar()
    try:
        seen = sa.text(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = :one AND objid::bigint = :two "
            "AND pid = :mine AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return old.execute(seen, {**values, "mine": mine}).first() is not None
    finally:
        new.execute(sa.text("SELECT pg_advisory_unlock(:one, :two)"), values)


_COLUMNS = (
    "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation) FROM pg_attribute "
    "WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped UNION ALL "
    "SELECT concat_ws(' ', pg_get_constraintdef(oid), condeferrable) FROM pg_constraint "
    "WHERE to_regclass(:name) IN (conrelid, confrelid) ORDER BY 1"
)
_KNOWN = (
    "SELECT c.relkind::text, c.relpersistence::text, c.relhasrules, "
    "(SELECT min(tgname::text) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal), "
    "(SELECT min(conname::text) FROM pg_constraint WHERE condeferrable AND c.oid IN (conrelid, confrelid)), "
    "EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = c.oid AND confdeltype IN ('c', 'n', 'd')) "
    "FROM pg_class AS c WHERE c.oid = to_regclass(:name)"
)


def receiver(new: sa.Connection, table: TableName) -> Receiver:
    """See `Dialect.direct_receiver`."""
    name = {"name": _table(table)}
    found = new.execute(sa.text(_KNOWN), name).first()
    if found is None:
        return Receiver(refused="does not exist")
    definition = "\n".join(map(str, new.execute(sa.text(_COLUMNS), name).scalars()))
    kind, lasting, rules, trigger, late, acting = found
    checks = (
        (kind not in ("r", "p") or lasting != "p", "is no ordinary table"),
        (rules, "has rules, which would run in the old application's transactions"),
        (trigger, f"has a trigger, {trigger}, which would run in the old application's transactions"),
        (
            late,
            f"has a deferrable constraint, {late}, which could fail the old application's commit: no trigger can catch that",
        ),
    )
    refused = next((why for is_so, why in checks if is_so), "")
    return Receiver(definition, refused, not acting)


def ddl(direct: Direct, outbox: Outbox) -> list[Trigger]:
    """See `Dialect.direct_ddl`."""
    table = _table(direct.table)
    name = TableName(trigger_name("note", direct_name(str(direct.table)), _LONGEST), outbox.table.schema)
    function = _table(name)
    texts = [v for write in direct.writes for v in (*write.texts, *write.old_texts)]
    lookups = [v for write in direct.writes for v in write.lookups]
    lines = [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger",
        "LANGUAGE plpgsql SECURITY DEFINER",
        *(f"SET {setting}" for setting in (*_SETTINGS, *(_TEXTS if direct.settings else ()))),
        "AS $changeover$",
        # By this it is known as ours; and by an entry there what is left here comes in.
        f"DECLARE\n  changeover_outbox CONSTANT text := {literal(_table(outbox.table))};",
        # Other targets than these make it another trigger.
        f"  changeover_targets CONSTANT text := {literal(' '.join(w.receiver.definition for w in direct.writes))};",
        *(f"  {one.name} text;" for one in texts),
        *(f"  {one.name} {'numeric' if one.number else 'text'};" for one in lookups),
        "BEGIN",
        f"  IF NOT ({' AND '.join(direct.guards)}) THEN\n    RETURN NULL;\n  END IF;",
        indented(list(_body(direct))),
        "  RETURN NULL;",
        "END",
        "$changeover$",
    ]
    attached = (
        f"CREATE TRIGGER {quote(_TRIGGER)} AFTER INSERT OR UPDATE OR DELETE ON {table}\n"
        f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
    create = ("\n".join(lines), f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC", attached)
    drop = (f"DROP TRIGGER IF EXISTS {quote(_TRIGGER)} ON {table}", f"DROP FUNCTION IF EXISTS {function}()")
    return [Trigger(name.name, direct.table, create, drop)]


def _body(direct: Direct) -> Iterator[str]:
    yield "IF TG_OP = 'INSERT' THEN"
    yield indented([_block(_wanted(write, n), n) for n, write in enumerate(direct.writes)])
    yield "ELSIF TG_OP = 'DELETE' THEN"
    # What refers goes before what it refers to.
    removed = [_block(lines, n) for n, w in reversed(list(enumerate(direct.writes))) if (lines := _remove(w))]
    yield indented(removed or ["NULL;"])
    yield "ELSE"
    yield indented([_block(_updated(direct, write, n), n) for n, write in enumerate(direct.writes)])
    yield "END IF;"


def _block(statements: Sequence[str], number: int) -> str:
    """Whatever goes wrong: the application's statement stands, and the entry brings the row."""
    return (
        f"<<changeover_{number}>>\nBEGIN\n{indented(statements)}\nEXCEPTION WHEN OTHERS THEN\n  NULL;\nEND;"
    )


def _updated(direct: Direct, write: TargetWrite, number: int) -> list[str]:
    # Where the row of the old key can't be taken away here, the new one isn't put beside it either.
    removes = _remove(write)
    moves = [*removes, *_wanted(write, number)] if removes else [f"EXIT changeover_{number};"]
    stays = _write(write, number)
    if write.wanted:
        stays = [_if(write.wanted, stays, removes)]
    return [_if(direct.moved, moves, stays)]


def _wanted(write: TargetWrite, number: int) -> list[str]:
    written = _write(write, number)
    return [_if(write.wanted, written)] if write.wanted else written


def _write(write: TargetWrite, number: int) -> list[str]:
    """Make the row of ``NEW`` equal."""
    lines = [f"{v.name} := {v.value};" for v in write.texts]
    lines += [
        f"{v.name} := (SELECT {v.alias}.{quote(v.column)} FROM {_table(v.table)} AS {v.alias} WHERE {v.on});"
        for v in write.lookups
    ]
    if write.left:
        lines.append(_if(" OR ".join(f"({one})" for one in write.left), [f"EXIT changeover_{number};"]))
    table = _table(write.table)
    names, values = (", ".join(part) for part in zip(*((quote(n), v) for n, v in write.values), strict=True))
    insert = f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE\nVALUES ({values});"
    sets = ", ".join(f"{quote(name)} = {value}" for name, value in write.sets)
    update = f"UPDATE {table} AS t SET {sets}\nWHERE {_on(write.key)};" if sets else "NULL;"
    lines += [_locked(write.table, write.key), _if("FOUND", [update], [insert])]
    return lines


def _remove(write: TargetWrite) -> list[str]:
    """Delete the row of ``OLD``, unless rows of others would be changed with it."""
    if not write.receiver.deletes:
        return []
    texts = [f"{v.name} := {v.value};" for v in write.old_texts]
    delete = f"DELETE FROM {_table(write.table)} AS t WHERE {_on(write.old_key)};"
    return [*texts, _locked(write.table, write.old_key, "FOR UPDATE"), _if("FOUND", [delete])]


def _locked(table: TableName, key: Sequence[tuple[str, str]], lock: str = "FOR NO KEY UPDATE") -> str:
    return f"PERFORM 1 FROM {_table(table)} AS t WHERE {_on(key)} {lock} NOWAIT;"


def _on(pairs: Sequence[tuple[str, str]]) -> str:
    return " AND ".join(f"t.{quote(name)} = {value}" for name, value in pairs)


def _if(condition: str, statements: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    more = f"\nELSE\n{indented(otherwise)}" if otherwise else ""
    return f"IF {condition} THEN\n{indented(statements)}{more}\nEND IF;"


def _table(table: TableName) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)
