"""Checks mappings against databases that are made of a few statements each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
import sqlalchemy as sa

from changeover.check import Finding, check
from changeover.dialects import of
from changeover.mapping import Mapping, Registry
from changeover.schema import Schema
from tests.transfer.rig import Rig, rigged


class Check(Protocol):
    """Makes an old database named "old" (or several, by name) and a new one, and checks the mappings on them."""

    def __call__(
        self,
        *mappings: Mapping,
        old: str | dict[str, str],
        new: str,
        kind: str = "sqlite",
        new_kind: str | None = None,
    ) -> list[Finding]: ...


@pytest.fixture
def check_on(database: Callable[..., str]) -> Iterator[Check]:
    with ExitStack() as afterwards:

        def made(kind: str, name: str, statements: str, side: str) -> Schema:
            url = sa.make_url(database(kind, name))
            run(url, statements)
            engine = of(url).engine(url, "old" if side == "old" else "new", 2)
            afterwards.callback(engine.dispose)
            return Schema(engine)

        def on(
            *mappings: Mapping,
            old: str | dict[str, str],
            new: str,
            kind: str = "sqlite",
            new_kind: str | None = None,
        ) -> list[Finding]:
            olds = {"old": old} if isinstance(old, str) else old
            schemas = {name: made(kind, name, statements, "old") for name, statements in olds.items()}
            found = check(Registry(mappings), schemas, made(new_kind or kind, "new", new, "new"))
            # These databases are made for their tables alone.
            return [finding for finding in found if finding.rule != "ledger-absent"]

        yield on


@pytest.fixture
def rig(database: Callable[..., str]) -> Iterator[Callable[..., Rig]]:
    with rigged(database) as make:
        yield make


def run(url: sa.URL, statements: str) -> None:
    """Run statements that are separated by semicolons."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def of_rule(findings: list[Finding], rule: str) -> list[Finding]:
    return [finding for finding in findings if finding.rule == rule]


def only(findings: list[Finding]) -> Finding:
    """The one finding there is."""
    assert len(findings) == 1, "\n".join(map(str, findings)) or "nothing was found"
    return findings[0]
