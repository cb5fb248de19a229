"""Direct mode: the new tables are right within the old application's transaction, which never notices."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from changeover.mapping import Mapping, Offset, lookup, narrow, old, value_map
from tests.capture.direct_scene import OneServer, unequal

servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
Sites = Callable[[str], OneServer]
item = old("shop", "item")


@pytest.fixture
def site(database: Callable[..., str]) -> Generator[Sites]:
    made: list[OneServer] = []

    def make(kind: str) -> OneServer:
        made.append(OneServer(database, kind))
        return made[-1]

    yield make
    for one in made:
        one.close()


def items(site: Sites, kind: str) -> OneServer:
    r = site(kind)
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10), st CHAR(1), owner INTEGER, at DATE)",
        "INSERT INTO item VALUES (1, 'a', '0', 1, '2020-01-31'), (2, 'b', '1', NULL, NULL)",
    )
    r.run(
        r.new,
        f"CREATE TABLE {r.named('owner')} (id BIGINT PRIMARY KEY, name VARCHAR(10))",
        f"INSERT INTO {r.named('owner')} VALUES (1, 'x'), (2, 'y')",
        f"CREATE TABLE {r.named('thing')} (id BIGINT PRIMARY KEY, a VARCHAR(5), state VARCHAR(10), owner_id BIGINT, at DATE, "
        f"FOREIGN KEY (owner_id) REFERENCES {r.named('owner')} (id))",
    )
    return r


def things(r: OneServer, **more: object) -> Mapping:
    columns = {
        "a": narrow(item.code),
        "state": value_map(item.st, {"0": "new", "1": "old"}),
        "owner_id": lookup(r.named("owner"), item.owner, by="id"),
        "at": item.at,
    }
    return Mapping(r.named("thing"), item, columns, mode="direct", **more)  # type: ignore[arg-type]


@servers
def test_a_change_is_there_when_its_transaction_is(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    assert unequal(project) == []
    r.each(
        "INSERT INTO item VALUES (3, 'c', '0', 2, '2021-02-28'), (4, NULL, NULL, NULL, NULL)",
        "UPDATE item SET code = 'bb', owner = 2 WHERE no = 2",
        "UPDATE item SET no = 9 WHERE no = 1",
        "INSERT INTO item VALUES (5, 'e', '0', 1, NULL)",
        "DELETE FROM item WHERE no = 5",
    )
    assert [row[0] for row in r.new_rows("thing", "id")] == [2, 3, 4, 9]
    assert unequal(project) == []


@servers
def test_what_is_rolled_back_is_not_there(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    before = r.new_rows("thing")
    with r.old.connect() as connection:
        for statement in ("INSERT INTO item VALUES (3, 'c', '0', 2, NULL)", "DELETE FROM item WHERE no < 3"):
            connection.exec_driver_sql(statement)
        connection.rollback()
    assert r.new_rows("thing") == before
    assert unequal(project) == []
