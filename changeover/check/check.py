"""`check`: every rule on every mapping, in one pass."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from changeover.check.finding import Finding, order
from changeover.check.probe import reason
from changeover.check.rule import Rule
from changeover.check.rules import RULES
from changeover.check.rules.declaration import Declaration
from changeover.check.rules.mapping_refused import MappingRefused
from changeover.check.site import Site
from changeover.errors import DatabaseRefused, MappingError
from changeover.mapping import Registry
from changeover.schema import Schema


def check(registry: Registry, old: dict[str, Schema], new: Schema, *, scan: bool = True) -> list[Finding]:
    """All that is wrong with the mappings on these databases, sorted by mapping, errors first.

    Parameters: ``old`` the schemas of the old databases by name (one that is missing is a finding); without ``scan``, rules
    that have to read through a table are left out.
    Nothing is changed. Raises: the database's own error when a connection is lost.
    """
    site = Site(registry, old, new)
    found: dict[Finding, None] = {}
    for rule in RULES:
        if rule is not MappingRefused and (scan or not rule.scans):
            found.update(dict.fromkeys(_asked(rule(), site)))
    found.update(dict.fromkeys(_refused(site, found)))
    return sorted(found, key=order)


def refusal(error: MappingError) -> Finding:
    """The finding for mappings that could not even be loaded."""
    return Declaration().refused(error)


def _refused(site: Site, found: dict[Finding, None]) -> list[Finding]:
    """What binding refuses in mappings that no rule found wrong."""
    wrong = {finding.mapping for finding in found if finding.severity == "error"}
    rule = MappingRefused()
    clean = [case for case in site.cases if not rule.depends_on(case) & wrong]
    return [finding for case in clean for finding in rule.examine(case)]


def _asked(rule: Rule, site: Site) -> list[Finding]:
    """What the rule finds. One that breaks off is a finding: the others must still be heard."""
    try:
        return list(rule.check(site))
    except DatabaseRefused:
        return []  # a table that can't be looked at, which `unknown-old-table` or `unknown-target-table` reports
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        why = reason((*site.old.values(), site.new), error)
        return [rule.find(None, f"this could not be checked: {why}", "see that the tables can be read")]
    except Exception as error:  # noqa: BLE001
        return [rule.failed(None, error)]
