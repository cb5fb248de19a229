"""Sessions on MariaDB and MySQL are opened at the price of a session."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from changeover.dialects import of
from changeover.dialects.mysql.connection import Connection, connect


def test_a_session_reads_no_certificates_where_another_has(
    mariadb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sa.make_url(mariadb_url)
    engine = of(url).engine(url, "new", 2)
    # The tests' other engines have the same by their conftest; this one has it of itself.
    assert event.contains(engine, "do_connect", connect)
    engine.connect().close()
    engine.dispose()
    monkeypatch.delattr(ssl, "create_default_context")
    with engine.connect() as one, engine.connect() as another:
        assert one.exec_driver_sql("SELECT 1").scalar() == another.exec_driver_sql("SELECT 1").scalar()
    engine.dispose()


def test_who_asks_for_a_verified_server_gets_a_context_that_verifies() -> None:
    asked: tuple[dict[str, Any], ...] = ({}, {"ssl_verify_cert": True})
    made: list[Any] = [Connection(host="127.0.0.1", defer_connect=True, **options) for options in asked]
    assert [one.ctx.verify_mode for one in made] == [ssl.CERT_NONE, ssl.CERT_REQUIRED]
