"""The server that the kind "mariadb" stands for: MySQL, where MYSQL_FOLDER names one (`make test-mysql`), else MariaDB."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from demo.servers import MariaDB, MySQL
from demo.servers.mysql import FOLDER

ON_MYSQL = FOLDER in os.environ
NO_PAD = "utf8mb4_0900_bin" if ON_MYSQL else "utf8mb4_nopad_bin"
"""The collation that compares bytes, spaces at the end included."""
Server: type[MariaDB] = MySQL if ON_MYSQL else MariaDB


def mariadb_only(why: str) -> pytest.MarkDecorator:
    """What MySQL hasn't got, and what it has in its place."""
    return pytest.mark.skipif(ON_MYSQL, reason=f"not on MySQL: {why}")


_SEQUENCE = re.compile(r"\bseq_(\d+)_to_(\d+)\b")
_DIGITS = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))


_VARIABLE = re.compile(r"\btx_(isolation|read_only)\b")
_ANEW = re.compile(r"^CREATE OR REPLACE USER (\S+)")


def speak_mysql() -> None:
    """Have MySQL understand statements of tests that are written for MariaDB: its tables of numbers (`seq_1_to_100`), its names of
    variables, and accounts that are made anew."""

    @event.listens_for(sa.Engine, "before_cursor_execute", retval=True)
    def spell(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> tuple[str, Any]:  # pyright: ignore[reportUnusedFunction]
        if account := _ANEW.match(statement):
            cursor.execute(f"DROP USER IF EXISTS {account[1]}")
            statement = _ANEW.sub(r"CREATE USER \1", statement)
        statement = _VARIABLE.sub(r"transaction_\1", statement)
        return _SEQUENCE.sub(_numbers, statement), parameters


def _numbers(found: re.Match[str]) -> str:
    first, last = int(found[1]), int(found[2])
    powers = range(len(str(last - first)))
    seq = " + ".join([str(first), *(f"{10**power} * d{power}.d" for power in powers)])
    digits = ", ".join(f"({_DIGITS}) AS d{power}" for power in powers)
    return f"(SELECT {seq} AS seq FROM {digits} HAVING seq <= {last} ORDER BY seq) AS {found[0]}"
