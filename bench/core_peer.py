"""What a careful person writes with SQLAlchemy Core in an afternoon: keyset pages, a dictionary of ids, executemany."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bench.tables import STATES, new_coupon, old_coupon
from changeover.ledger.ranges import KeyRange
from changeover.ledger.tables import id_map
from changeover.project import Project

PAGE = 10_000


def copy(project: Project, part: Sequence[KeyRange]) -> None:
    """Copy the coupons of the ranges."""
    old = project.old["shop"].engine
    with project.new.engine.connect() as connection:
        links = sa.select(id_map.c.root_number, id_map.c.target_id)
        members = {int(number): int(target) for number, target in connection.execute(links)}
    c = old_coupon.c
    after, last = 0, int(part[-1].upper[0])
    while True:
        page = sa.select(old_coupon).where(c.cpn_no > after, c.cpn_no <= last).order_by(c.cpn_no).limit(PAGE)
        with old.connect() as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        with project.new.engine.begin() as connection:
            connection.execute(
                sa.insert(new_coupon),
                [
                    {
                        "id": row.cpn_no,
                        "code": row.cpn_cd,
                        "member_id": members[row.mem_no],
                        "state": STATES[str(row.st)],
                        "price": row.price,
                        "memo": row.memo,
                        "created_at": row.created,
                        "expires_at": row.expires,
                    }
                    for row in rows
                ],
            )
        after = rows[-1].cpn_no
