"""An account as servers make them gets in, and one that doesn't is told why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.dialects import Side, driver_url
from changeover.dialects.mysql import MySQL
from changeover.dialects.mysql.session import refuse_too_old
from changeover.errors import ConfigurationError
from tests.mysql_kind import ON_MYSQL

ACCOUNT = "'plain'@'127.0.0.1'"


@pytest.fixture
def url(database: Callable[..., str]) -> Iterator[sa.URL]:
    """An account with the least rights, and the server's own way of showing who it is."""
    admin = driver_url(database("mariadb"))
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE USER {ACCOUNT} IDENTIFIED BY 'p'")
        connection.exec_driver_sql(f"GRANT SELECT ON {admin.database}.* TO {ACCOUNT}")
    yield admin
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP USER {ACCOUNT}")
    engine.dispose()


def answer(url: sa.URL, password: str = "p") -> object:
    engine = MySQL().engine(url.set(username="plain", password=password), "new", 1)
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql("SELECT 1").scalar()
    except DBAPIError as error:
        return MySQL().explain(error)
    finally:
        engine.dispose()


def test_an_account_without_any_right_but_to_read_gets_in(url: sa.URL) -> None:
    assert answer(url) == 1


@pytest.mark.parametrize(
    ("state", "password", "told"),
    [
        ("", "wrong", "the user or the password is wrong"),
        ("ACCOUNT LOCK", "p", "the account is locked"),
        ("PASSWORD EXPIRE", "p", "password has expired"),
    ],
)
def test_an_account_that_does_not_get_in_is_told_why(
    url: sa.URL, state: str, password: str, told: str
) -> None:
    if state:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"ALTER USER {ACCOUNT} {state}")
        engine.dispose()
    assert told in str(answer(url, password))


@pytest.mark.parametrize(
    ("version", "side", "told"),
    [
        ("5.6.24-log", "new", "the new database is MySQL 5.6.24-log; on the new side MySQL 8.0 is the first"),
        ("5.5.62", "old", "on the old side MySQL 5.6 is the first"),
        ("5.6.24-log", "old", ""),
        ("8.0.11", "new", ""),
    ],
)
def test_a_server_that_is_too_old_is_refused_by_its_version(
    url: sa.URL, monkeypatch: pytest.MonkeyPatch, version: str, side: Side, told: str
) -> None:
    engine = MySQL().engine(url, side, 1)
    if told:
        monkeypatch.setattr(pymysql.Connection, "get_server_info", lambda _: version)
        with pytest.raises(ConfigurationError, match=told):
            engine.connect()
    else:
        refuse_too_old(version, side)
    engine.dispose()


@pytest.mark.skipif(not ON_MYSQL, reason="MariaDB's own is another")
def test_a_default_account_of_mysql_shows_who_it_is_by_caching_sha2(url: sa.URL) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        plugin = connection.exec_driver_sql("SELECT plugin FROM mysql.user WHERE user = 'plain'").scalar()
    engine.dispose()
    assert (plugin, answer(url)) == ("caching_sha2_password", 1)
