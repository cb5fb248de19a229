"""Where the databases are and which mappings apply: from the environment, a ``.env`` file and ``pyproject.toml``.

Passwords stand in these URLs and nowhere else. A URL is never repeated in a message, and `mask` takes what could have
slipped into a driver's words out again.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from dotenv import find_dotenv, load_dotenv
from sqlalchemy.exc import ArgumentError

from changeover.dialects import driver_url
from changeover.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

DEFAULT_WORKERS = 2
"""Ranges of a table copied at a time: two fill two cores, and more gained nothing when measured."""

NEW_URL = "CHANGEOVER_NEW_URL"
WORKERS = "CHANGEOVER_WORKERS"
LIVE = "CHANGEOVER_LIVE"
ALL = "all"

_OLD_URL = re.compile(r"CHANGEOVER_OLD_(\w+)_URL")
_EXAMPLES = {
    "old": "mysql+pymysql://user:password@old-db.example.com:3306/{name}",
    "new": "postgresql+psycopg://user:password@new-db.example.com:5432/service",
}


@dataclass(frozen=True)
class Settings:
    """What a run needs to know of the world around it.

    Parameters: ``old_urls`` by the names that mappings use; ``mappings`` the package or folder that holds them;
    ``workers`` how many ranges of a table are copied at a time.
    """

    old_urls: dict[str, sa.URL]
    new_url: sa.URL
    mappings: str
    workers: int = DEFAULT_WORKERS
    live: frozenset[str] = frozenset()
    """Old databases whose tables are copied only while their changes are noted."""

    @classmethod
    def from_environment(cls, mappings: str | None = None, databases: Iterable[str] = ()) -> Settings:
        """The settings of the environment.

        Parameters: ``mappings`` overrides ``pyproject.toml``; ``databases`` are the old databases that are needed, all
        that the environment names when left out.
        Raises: ConfigurationError naming each variable that is unset or unreadable, with an example.
        """
        wanted = sorted(databases) or old_databases()
        troubles: list[str] = []
        urls: dict[str, sa.URL] = {}
        new: sa.URL | None = None
        for name in wanted:
            try:
                urls[name] = old_url(name)
            except ConfigurationError as error:
                troubles.append(str(error))
        try:
            new = new_url()
        except ConfigurationError as error:
            troubles.append(str(error))
        if troubles or new is None:
            raise ConfigurationError("\n".join(troubles))
        return cls(urls, new, mappings_package(mappings), _workers(), live_databases(wanted))


def read_env_file() -> None:
    """Take what the ``.env`` file of this folder (or the nearest above) says, where the environment says nothing.

    Raises: ConfigurationError when it can't be read.
    """
    file = find_dotenv(usecwd=True)
    try:
        load_dotenv(file)
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{file} can't be read: it is not UTF-8 text, from byte {error.start} on; save it as UTF-8"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror}") from None


def old_variable(name: str) -> str:
    """The variable that holds the URL of the old database ``name``: ``CHANGEOVER_OLD_SHOP_URL`` for ``shop``."""
    return f"CHANGEOVER_OLD_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}_URL"


def old_databases() -> list[str]:
    """The names of the old databases that the environment has a URL for, sorted, in lower case."""
    found = (_OLD_URL.fullmatch(variable) for variable in os.environ)
    return sorted(match[1].lower() for match in found if match)


def old_url(name: str) -> sa.URL:
    """The URL of the old database ``name``. Raises ConfigurationError naming the variable."""
    what = f"where the mappings' old database {name!r} is"
    return _url(old_variable(name), what, _EXAMPLES["old"].format(name=name))


def new_url() -> sa.URL:
    """The URL of the new database. Raises ConfigurationError naming the variable."""
    return _url(NEW_URL, "where the new database is", _EXAMPLES["new"])


def live_databases(databases: Iterable[str]) -> frozenset[str]:
    """Those of ``databases`` that ``CHANGEOVER_LIVE`` names; ``all`` names all.

    Raises: ConfigurationError for a name that no variable has a URL for: a slip of the pen must not switch a safeguard off.
    """
    named = {name.strip().lower() for name in os.environ.get(LIVE, "").split(",")} - {""}
    unknown = sorted(name for name in named - {ALL} if old_variable(name) not in os.environ)
    if unknown:
        there = ", ".join(old_databases())
        raise ConfigurationError(
            f"{LIVE} names {', '.join(unknown)}, and there is no such old database: expected all, or some of {there}, with commas"
        )
    return frozenset(name for name in databases if ALL in named or name.lower() in named)


def mappings_package(explicit: str | None = None) -> str:
    """The package or folder of the mappings: ``explicit``, or what the nearest ``pyproject.toml`` names.

    Raises: ConfigurationError when neither does.
    """
    if explicit:
        return explicit
    here = Path.cwd()
    for folder in (here, *here.parents):
        named = _named_in(folder / "pyproject.toml")
        if named is not None:
            package = folder / named
            return str(package) if package.is_dir() else named
    raise ConfigurationError(
        'no package of mappings is named: write [tool.changeover] and mappings = "assets" into pyproject.toml, in '
        f"{here} or a folder above it, or give --mappings"
    )


def mask(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """``text`` without the passwords and keys that the environment holds, whoever put them in."""
    for secret in sorted(_secrets(environment), key=len, reverse=True):
        for spelling in {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}:
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", "***", text)
    return re.sub(r"(://[^\s:/@]*):(?!password@)[^\s]*@", r"\1:***@", text)


def _url(variable: str, what: str, example: str) -> sa.URL:
    text = os.environ.get(variable, "").strip()
    if not text:
        raise ConfigurationError(
            f"{variable} is not set: it says {what}. Set it in the environment or in .env, for example\n"
            f"  {variable}={example}"
        )
    try:
        url = driver_url(text)
    except (ConfigurationError, ValueError):
        # Neither the URL nor the parser's own words are repeated: both may hold the password.
        raise ConfigurationError(
            f"{variable} can't be read as a database URL: expected something like {example}{_HINT}"
        ) from None
    if "@" in (url.host or ""):
        raise ConfigurationError(f"{variable} has two @ in it{_HINT}")
    if url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"{variable}: {url.drivername!r} is not supported: use mysql+pymysql://, postgresql+psycopg:// or sqlite:///"
        )
    if not url.database:
        raise ConfigurationError(f"{variable} names no database: expected something like {example}")
    return url


_DRIVERS = ("mysql+pymysql", "mariadb+pymysql", "postgresql+psycopg", "sqlite", "sqlite+pysqlite")
_HINT = ". Special characters of a password are percent-encoded: @ is %40, : is %3A, / is %2F, # is %23"


def _named_in(file: Path) -> str | None:
    if not file.is_file():
        return None
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from None
    section = cast("dict[str, Any]", content.get("tool", {})).get("changeover")
    if section is None:
        return None
    named = cast("dict[str, Any]", section).get("mappings")
    if not isinstance(named, str) or not named:
        raise ConfigurationError(f'{file}: [tool.changeover] names no mappings: write mappings = "assets"')
    return named


def _workers() -> int:
    text = os.environ.get(WORKERS, "").strip()
    if not text:
        return DEFAULT_WORKERS
    if not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(
            f"{WORKERS} is {text!r}: expected how many ranges of a table to copy at a time, 1 or more"
        )
    return int(text)


def _secrets(environment: Mapping[str, str]) -> set[str]:
    found = {environment.get(name, "") for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    for variable, text in environment.items():
        if variable == NEW_URL or _OLD_URL.fullmatch(variable):
            found |= _passwords(text)
    return found - {""}


def _passwords(text: str) -> set[str]:
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        written = re.match(r"[^/]*://[^:]*:(.*)@", text)
        return {written[1]} if written else set()
    given = [url.password, *(value for name, value in url.query.items() if "pass" in name.lower())]
    return {str(value) for value in given if value}
