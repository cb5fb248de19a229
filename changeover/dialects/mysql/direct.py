"""Direct mode on MariaDB.

InnoDB makes a lock wait that ends, or a deadlock, fatal in a trigger: no handler is asked, and the application's statement fails.
So a trigger must not come to wait. It looks for a row without locking, then takes the row's lock with SKIP LOCKED; a row that
somebody holds, and one that refers to a parent that somebody holds, is left to the outbox. The look without a lock comes first: a
locking read that finds nothing locks the gap, in which others would then wait. A row is inserted only where no copier can be at
it: its root was not there before, or had no target row.

A request with SKIP LOCKED stands in the queue for an instant. Who begins to wait just then may see a circle in it, and MariaDB may
end the application's transaction with error 1213, in full: that is rare, and can't be prevented from inside of a trigger.

What nobody can look at are locks of gaps, and of rows that others have inserted and not committed. A second unique index would make
an insert wait for the latter, and is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.direct import Direct, Receiver, Site, TargetWrite, direct_name
from changeover.dialects.mysql.naming import quote
from changeover.dialects.mysql.session import STRICT
from changeover.dialects.mysql.triggers import facts, literal
from changeover.dialects.triggers import Outbox, Trigger, indented, trigger_name

_LONGEST = 64
_SINCE = (10, 6)
"""MariaDB's first version with SKIP LOCKED."""
_GUARDS = (
    "@@foreign_key_checks",
    "@@unique_checks",
    "@@check_constraint_checks",
    # Its plain reads lock, and so may wait.
    "@@tx_isolation <> 'SERIALIZABLE'",
    # So do reads in a trigger whose statement is logged as it was written.
    "(NOT @@log_bin OR @@binlog_format = 'ROW')",
)
_SNAPSHOT = "NOT @@innodb_snapshot_isolation"
"""With it a locking read of a row that was changed since ends the transaction."""
_NUMBER = "DECIMAL(20)"
"""Of any BIGINT, with and without a sign."""
_RISK = (
    "the old application's statements may wait for locks of the new table, and fail or be rolled back there (errors 1205, 1213): "
    "MariaDB lets no trigger give up a wait"
)
_TEXT = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def site(old: sa.Connection, new: sa.Connection) -> Site:
    """See `Dialect.direct_site`."""
    if not getattr(old.dialect, "is_mariadb", False):
        return Site("on MySQL it was not tried; MariaDB has it")
    if (old.dialect.server_version_info or ()) < _SINCE:
        return Site("it takes SKIP LOCKED, which MariaDB has since 10.6")
    log_bin, log_format = old.exec_driver_sql("SELECT @@global.log_bin, @@global.binlog_format").one()
    if log_bin and log_format != "ROW":
        return Site(
            f"the binary log's format is {log_format}, which makes every read in a trigger lock: set binlog_format = ROW"
        )
    if not _one_server(old, new):
        return Site("the old and the new database are not on one server")
    home = new.exec_driver_sql("SELECT DATABASE()").scalar()
    known = old.exec_driver_sql("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'").first()
    return Site(home=str(home), guards=(*_GUARDS, *([_SNAPSHOT] if known else [])), risk=_RISK)


def _one_server(old: sa.Connection, new: sa.Connection) -> bool:
    """Whether a lock that one takes is seen by the other: host names and ports say little behind proxies."""
    name = {"name": f"changeover_{secrets.token_hex(8)}"}
    mine = new.execute(sa.text("SELECT GET_LOCK(:name, 0), CONNECTION_ID()"), name).one()[1]
    try:
        return old.execute(sa.text("SELECT IS_USED_LOCK(:name)"), name).scalar() == mine
    finally:
        new.execute(sa.text("SELECT RELEASE_LOCK(:name)"), name)


def receiver(new: sa.Connection, table: TableName) -> Receiver:
    """See `Dialect.direct_receiver`."""
    known = facts(new, table)
    if known is None:
        return Receiver(refused="does not exist")
    name = {"name": table.name, "schema": table.schema}
    here = "= COALESCE(:schema, DATABASE())"
    indexes = new.execute(
        sa.text(
            "SELECT DISTINCT index_name, non_unique, index_type FROM information_schema.statistics "
            f"WHERE table_name = :name AND table_schema {here} AND index_name <> 'PRIMARY' ORDER BY 1"
        ),
        name,
    ).all()
    triggers = new.execute(
        sa.text(
            "SELECT trigger_name FROM information_schema.triggers WHERE event_object_table = :name AND "
            f"event_object_schema {here} ORDER BY 1"
        ),
        name,
    ).scalars()
    referred = new.execute(
        sa.text(
            "SELECT 1 FROM information_schema.referential_constraints WHERE referenced_table_name = :name AND "
            f"unique_constraint_schema {here} LIMIT 1"
        ),
        name,
    ).first()
    refused = known.refused or next(_reasons([tuple(one) for one in indexes], list(triggers)), "")
    return Receiver(known.definition, refused, referred is None)


def _reasons(indexes: Sequence[tuple[str, int, str]], triggers: Sequence[str]) -> Iterator[str]:
    for index, several, kind in indexes:
        if not int(several):
            yield (
                f"has a second unique index, {index}: an insert waits for whoever has inserted the same value and not committed, "
                "and MariaDB lets no trigger give such a wait up"
            )
        if kind not in ("BTREE", "HASH"):
            yield f"has a {kind} index, {index}, whose locks can't be looked at"
    if triggers:
        yield f"has a trigger, {triggers[0]}, which would run in the old application's transactions"


def ddl(direct: Direct, outbox: Outbox) -> list[Trigger]:
    """See `Dialect.direct_ddl`."""
    made: list[Trigger] = []
    for event in ("INSERT", "UPDATE", "DELETE"):
        blocks = [
            block for n, write in enumerate(direct.writes) if (block := _block(direct, write, n, event))
        ]
        if not blocks:
            continue
        own = TableName(
            trigger_name(f"d{event[0].lower()}", direct_name(direct.table.name), _LONGEST),
            direct.table.schema,
        )
        # What refers goes before what it refers to.
        blocks = blocks[::-1] if event == "DELETE" else blocks
        body = [
            # By this it is known as ours; and by an entry there what is left here comes in.
            f"DECLARE changeover_outbox TEXT DEFAULT {literal(_table(outbox.table))};",
            # Other targets than these make it another trigger.
            f"DECLARE changeover_targets TEXT DEFAULT {literal(' '.join(w.receiver.definition for w in direct.writes))};",
            _if(" AND ".join(direct.guards), blocks),
        ]
        create = (
            f"SET STATEMENT sql_mode = '{STRICT}' FOR CREATE TRIGGER {_table(own)}\n"
            f"AFTER {event} ON {_table(direct.table)} FOR EACH ROW\nBEGIN\n{indented(body)}\nEND"
        )
        made.append(Trigger(str(own), direct.table, (create,), (f"DROP TRIGGER IF EXISTS {_table(own)}",)))
    return made


def _block(direct: Direct, write: TargetWrite, number: int, event: str) -> str:
    label = f"changeover_{number}"
    actions = _actions(direct, write, f"LEAVE {label};", event)
    if not actions:
        return ""
    lookups = write.lookups if event != "DELETE" else ()
    texts = (*(write.texts if event != "DELETE" else ()), *(write.old_texts if event != "INSERT" else ()))
    lines = [
        *(f"DECLARE {v.name} {_TEXT};" for v in texts),
        *(f"DECLARE {v.name} {_NUMBER if v.number else _TEXT};" for v in lookups),
        "DECLARE changeover_there INT;",
        "DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;",
        # Whatever it is: the application's statement stands, and the entry brings the row.
        "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;",
        *actions,
    ]
    return f"{label}: BEGIN\n{indented(lines)}\nEND {label};"


def _actions(direct: Direct, write: TargetWrite, leave: str, event: str) -> list[str]:
    if event == "DELETE":
        return _remove(write)
    written = _write(write, leave, "TRUE")
    if event == "INSERT":
        return [_if(write.wanted, written)] if write.wanted else written
    stays = _write(write, leave, f"NOT ({write.was_wanted})" if write.was_wanted else "")
    if write.wanted:
        stays = [_if(write.wanted, stays, _remove(write))]
        written = [_if(write.wanted, written)]
    # Where the row of the old key can't be taken away here, the new one isn't put beside it either.
    moves = [*_remove(write), *written] if write.receiver.deletes else [leave]
    return [_if(direct.moved, moves, stays)]


def _write(write: TargetWrite, leave: str, fresh: str) -> list[str]:
    """Make the row of ``NEW`` equal. ``fresh``: SQL, no copier can be about to insert it; without it none is inserted."""
    lines = [f"SET {v.name} = {v.value};" for v in write.texts]
    lines += [
        f"SELECT {v.alias}.{quote(v.column)} INTO {v.name} FROM {_table(v.table)} AS {v.alias} WHERE {v.on} LIMIT 1;"
        for v in write.lookups
    ]
    if write.left:
        lines.append(_if(" OR ".join(f"({one})" for one in write.left), [leave]))
    for parent in write.parents:
        given = " AND ".join(f"{value} IS NOT NULL" for _, value in parent.on)
        held = [*_held(parent.table, parent.on, "LOCK IN SHARE MODE"), _if(_ABSENT, [leave])]
        lines.append(_if(given, held))
    names, values = (", ".join(part) for part in zip(*((quote(n), v) for n, v in write.values), strict=True))
    insert = f"INSERT INTO {_table(write.table)} ({names}) VALUES ({values});"
    otherwise = [_if(fresh, [insert])] if fresh else []
    lines += [*_seen(write.table, write.key), _if(_THERE, _updated(write), otherwise)]
    return lines


def _updated(write: TargetWrite) -> list[str]:
    if not write.sets:
        return ["SET changeover_there = 1;"]
    sets = ", ".join(f"t.{quote(name)} = {value}" for name, value in write.sets)
    update = f"UPDATE {_table(write.table)} AS t SET {sets} WHERE {_on(write.key)};"
    return [*_locked(write.table, write.key, "FOR UPDATE"), _if(_THERE, [update])]


def _remove(write: TargetWrite) -> list[str]:
    """Delete the row of ``OLD``, where rows that refer to it are nobody's concern."""
    if not write.receiver.deletes:
        return []
    delete = f"DELETE t FROM {_table(write.table)} AS t WHERE {_on(write.old_key)};"
    return [
        *(f"SET {v.name} = {v.value};" for v in write.old_texts),
        *_held(write.table, write.old_key, "FOR UPDATE"),
        _if(_THERE, [delete]),
    ]


_THERE = "changeover_there IS NOT NULL"
_ABSENT = "changeover_there IS NULL"


def _held(table: TableName, on: Sequence[tuple[str, str]], lock: str) -> list[str]:
    """Lock a row, if it is there and nobody holds it; ``changeover_there`` says so."""
    return [*_seen(table, on), _if(_THERE, _locked(table, on, lock))]


def _seen(table: TableName, on: Sequence[tuple[str, str]]) -> list[str]:
    # Under a name of its own: a trigger opens a table once for each name, with the strongest lock that is asked for under it. And
    # as a statement of its own: a query inside of another statement than SELECT locks what it reads.
    return [
        _NOT_THERE,
        f"SELECT 1 INTO changeover_there FROM {_table(table)} AS seen WHERE {_on(on, 'seen')} LIMIT 1;",
    ]


def _locked(table: TableName, on: Sequence[tuple[str, str]], lock: str) -> list[str]:
    read = f"SELECT 1 INTO changeover_there FROM {_table(table)} AS t WHERE {_on(on)} LIMIT 1 {lock} SKIP LOCKED;"
    return [_NOT_THERE, read]


_NOT_THERE = "SET changeover_there = NULL;"


def _on(pairs: Sequence[tuple[str, str]], alias: str = "t") -> str:
    return " AND ".join(f"{alias}.{quote(name)} = {value}" for name, value in pairs)


def _if(condition: str, statements: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    more = f"\nELSE\n{indented(otherwise)}" if otherwise else ""
    return f"IF {condition} THEN\n{indented(statements)}{more}\nEND IF;"


def _table(table: TableName) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)
