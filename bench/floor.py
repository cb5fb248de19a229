"""The physical floor: one server copies by itself. No client, no text, no progress, no check, nothing another server could do."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from bench import mappings
from bench.tables import FIRST_COUPON, STATES
from changeover.ledger.ranges import KeyRange
from changeover.project import Project

CHUNK = 10_000


def copy(project: Project, part: Sequence[KeyRange], connections: int) -> None:
    """INSERT … SELECT with a join to the id map, 10,000 rows a transaction, in one or more connections."""
    shop = project.old["shop"].engine.url.database
    member = next(
        b for m in project.moves.values() for b in m.bounds if b.mapping.root_name == mappings.MEMBERS
    )
    states = " ".join(f"WHEN {code} THEN '{word}'" for code, word in STATES.items())
    statement = sa.text(
        "INSERT INTO coupon (id, code, member_id, state, price, memo, created_at, expires_at) "
        f"SELECT c.cpn_no, c.cpn_cd, i.target_id, CASE c.st {states} END, c.price, c.memo, c.created, c.expires "
        f"FROM {shop}.tb_coupon c JOIN changeover_id_map i ON i.mapping_id = {member.id} "
        "AND i.root_key = CAST(c.mem_no AS CHAR CHARACTER SET binary) WHERE c.cpn_no > :after AND c.cpn_no <= :upto"
    )

    def one(found: KeyRange) -> None:
        with project.new.engine.connect() as connection:
            lower, upper = int(found.lower[0]) if found.lower else FIRST_COUPON - 1, int(found.upper[0])
            for after in range(lower, upper, CHUNK):
                connection.execute(statement, {"after": after, "upto": min(after + CHUNK, upper)})
                connection.commit()

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(one, part))
