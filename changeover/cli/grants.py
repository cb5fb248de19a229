"""``changeover grants``: the rights its accounts need."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
import typer

from changeover.cli import options, output
from changeover.cli.opening import open_registry
from changeover.cli.privileges import Grants, account, new_grants, new_needs, old_grants, tables_read
from changeover.dialects import of, shown
from changeover.settings import Settings


def grants(
    host: options.Host = "%",
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Print the least rights the accounts need, as GRANT statements for an administrator.

    The accounts are those of the URLs; nothing is connected to, and nothing is run. On the new database the tables must
    be there first. `changeover upgrade` itself needs an account that may create tables.

    Examples:

      changeover grants
      changeover grants --host 10.0.0.7
    """
    registry = open_registry(mappings)
    settings = Settings.from_environment(mappings, registry.databases)
    found = [
        _Part(url, [f"old database {name}"], old_grants(url, tables_read(registry, name), host))
        for name in registry.databases
        for url in (settings.old_urls[name],)
    ]
    found.append(
        _Part(settings.new_url, ["new database"], new_grants(settings.new_url, new_needs(registry), host))
    )
    if json:
        output.document({"command": "grants", "ok": True, "databases": [one.document() for one in found]})
        return
    for one in _joined(found):
        typer.echo("\n".join(one.lines(host)) + "\n")
    typer.echo(
        "-- To capture what changes meanwhile, the accounts of the old databases need more: `changeover sync install --dry-run`."
    )


@dataclass(frozen=True)
class _Part:
    """What one account needs in one database, which several of the settings may name."""

    url: sa.URL
    titles: list[str]
    grants: list[Grants]

    def document(self) -> dict[str, object]:
        """For JSON."""
        return {
            "database": ", ".join(self.titles),
            "family": of(self.url).family,
            "statements": [text for one in self.grants for text in one.statements],
            "groups": [{"for": one.purpose, "statements": one.statements} for one in self.grants],
        }

    def lines(self, host: str) -> list[str]:
        """For an administrator: a line about each database and each group."""
        who = account(self.url, host)
        title = f"-- {', '.join(self.titles)}: {shown(self.url)}" + (f", account {who}" if who else "")
        groups = ([f"-- {one.purpose}", *one.statements] for one in self.grants)
        return [title, *(line for group in groups for line in group)]


def _joined(parts: list[_Part]) -> list[_Part]:
    """Those of one account and database as one, and of one purpose; each statement once."""
    found: dict[sa.URL, _Part] = {}
    for part in parts:
        before = found.get(part.url, _Part(part.url, [], []))
        purposes: dict[str, dict[str, None]] = {}
        for one in (*before.grants, *part.grants):
            purposes.setdefault(one.purpose, {}).update(dict.fromkeys(one.statements))
        grants = [Grants(purpose, tuple(statements)) for purpose, statements in purposes.items()]
        found[part.url] = _Part(part.url, [*before.titles, *part.titles], grants)
    return list(found.values())
