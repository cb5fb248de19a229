"""``changeover check``: is every mapping right, in itself and on both schemas?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.text import Text

from changeover.check import Finding, refusal
from changeover.check import check as find
from changeover.cli import options, output
from changeover.cli.opening import open_registry, open_schemas, selected
from changeover.cli.outcome import Code, end
from changeover.errors import MappingError

_COLOURS = {"error": "bold red", "warning": "yellow"}


def check(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Check the mappings: in themselves, and against the old and the new schema as they are.

    Finds unknown tables and columns, types that could lose data, columns that would get no value, lookups that could
    find several rows, keys without an index, and more; each with its place and what to do. Reads schemas, never rows,
    and changes nothing.

    Exits with 1 when there is an error; with warnings alone, with 0.

    Examples:

      changeover check
      changeover check product     only the mappings of one table
      changeover check --json
    """
    try:
        registry = open_registry(mappings)
    except MappingError as error:
        # A mapping that can't even be loaded is what was asked about.
        end(_report([refusal(error)], (), json=json))
        return
    chosen = selected(registry, tables, table)
    needed = registry.needed(chosen.targets)
    with open_schemas(needed, mappings) as project:
        found = find(needed, project.old, project.new)
    names = tuple(m.name for m in chosen.mappings)
    end(_report([f for f in found if f.mapping is None or f.mapping in names], names, json=json))


def _report(found: Sequence[Finding], names: Sequence[str], *, json: bool) -> Code:
    errors = sum(f.severity == "error" for f in found)
    code = Code.FINDINGS if errors else Code.OK
    if json:
        output.document(
            {
                "command": "check",
                "ok": code is Code.OK,
                "errors": errors,
                "warnings": len(found) - errors,
                "mappings": names,
                "findings": found,
            }
        )
        return code
    for mapping, group in groupby(found, key=lambda f: f.mapping):
        _show(mapping, group)
    clean = len(set(names) - {f.mapping for f in found})
    counted = f"{output.number(errors, 'error')}, {output.number(len(found) - errors, 'warning')}"
    output.answer(f"{counted}; {clean} of {output.number(len(names), 'mapping')} without any")
    return code


def _show(mapping: str | None, found: Iterable[Finding]) -> None:
    """One mapping's findings: where, what and by which rule, and below it what to do."""
    rows: list[tuple[object, ...]] = []
    for finding in found:
        place = ".".join(part for part in (finding.table, finding.column) if part)
        what = Text.assemble(output.printable(finding.message), (f" ({finding.rule})", "dim"))
        rows.append((Text(finding.severity, style=_COLOURS[finding.severity]), place, what))
        rows.append(("", "", Text(f"→ {output.printable(finding.remedy)}", style="italic")))
    output.table(f"mapping {mapping}" if mapping else "databases and mappings", ("", "where", "what"), rows)
    output.answer("")
