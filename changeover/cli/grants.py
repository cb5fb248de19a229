"""``changeover grants``: the rights its accounts need."""

from __future__ import annotations

import typer

from changeover.cli import options, output
from changeover.cli.opening import open_registry
from changeover.cli.privileges import new_grants, new_needs, old_grants, tables_read
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
        (
            f"old database {name}",
            settings.old_urls[name],
            old_grants(settings.old_urls[name], tables_read(registry, name), host),
        )
        for name in registry.databases
    ]
    found.append(("new database", settings.new_url, new_grants(settings.new_url, new_needs(registry), host)))
    if json:
        databases = [
            {"database": title, "family": of(url).family, "statements": statements}
            for title, url, statements in found
        ]
        output.document({"command": "grants", "ok": True, "databases": databases})
        return
    for title, url, statements in found:
        typer.echo(f"-- {title}: {shown(url)}")
        typer.echo("\n".join(statements) + "\n")
