"""Servers whose default sql_mode is not MariaDB's own, on both sides."""

from __future__ import annotations

from itertools import count

import pytest

from changeover.check import check
from changeover.mapping import Assigned, Mapping, lookup, old
from tests.mysql_kind import Server, mariadb_only
from tests.transfer.rig import assert_settled, copy, rigged

TEXT = "back\\slash 'quote' \"double\" `tick`"


@pytest.mark.parametrize(
    "mode",
    [
        "ANSI_QUOTES",
        "ANSI,NO_BACKSLASH_ESCAPES",
        pytest.param("ORACLE", marks=mariadb_only("it has no such mode")),
        "PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,IGNORE_SPACE,ALLOW_INVALID_DATES",
    ],
)
def test_rows_arrive_whatever_mode_a_server_is_configured_with(mode: str) -> None:
    numbers = count()
    with (
        Server(extra_args=[f"--sql-mode={mode}"]) as server,
        rigged(lambda _, name: server.create_database(f"{name}_{next(numbers)}")) as make,
    ):
        r = make("mariadb")
        for engine, counted in ((r.old, ""), (r.new, " AUTO_INCREMENT")):
            r.run(
                engine,
                f"CREATE TABLE `gr oup` (id INT{counted} PRIMARY KEY, `select` VARCHAR(50), c CHAR(9), d DATE)",
                f"CREATE TABLE member (id INT{counted} PRIMARY KEY, group_id INT)",
            )
        with r.old.begin() as connection:
            insert = "INSERT INTO `gr oup` VALUES (%s, %s, 'c ', %s)"
            connection.exec_driver_sql(insert, (1, TEXT, "2020-01-01"))
            connection.exec_driver_sql(insert, (2, None, None))
            connection.exec_driver_sql("INSERT INTO member VALUES (1, 2)")
        group, member = old("shop", "gr oup"), old("shop", "member")
        columns = {"select": group["select"], "c": group.c, "d": group.d}
        project = r.project(
            Mapping("gr oup", group, columns),
            Mapping("member", member, {"group_id": lookup("gr oup", member.group_id)}, ids=Assigned()),
        )
        assert check(project.registry, project.old, project.new) == []
        assert_settled(project, copy(project))
        assert r.rows("gr oup") == r.rows_of(r.old, "gr oup")
        assert r.rows("member", "group_id") == [(2,)]
