"""The sensor `alert`: tells a webhook when rows drift, are rejected, or changes of a table are no longer captured.

It looks at the ledger only. What is told once is told again when it is over, or when it comes back. Dagster's own sensors for
failed runs (`make_email_on_run_failure_sensor`, Slack's, Teams') stand beside it: they hear of runs, not of rows.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import dagster as dg
import sqlalchemy as sa

from changeover.ledger.capture import captured
from changeover.ledger.drift import open_counts
from changeover.ledger.tables import mapping, reject
from changeover.mapping import Registry
from changeover.project import Project
from resources import open_project, resource_keys

NAME = "alert"
WEBHOOK = "CHANGEOVER_ALERT_WEBHOOK"
"""The URL that is told. It may hold a secret, and is never shown."""
SECONDS_BETWEEN_TICKS = 60
PATIENCE_SECONDS = 10

Findings = dict[str, dict[str, int]]
"""Table to rows (or 1), by what is wrong: ``drift``, ``rejects``, ``capture``."""
_WORDS = {"drift": "rows drifted", "rejects": "rows rejected", "capture": "capture broken"}


def alert(*, running: bool) -> dg.SensorDefinition:
    """The sensor. Parameters: ``running`` as for the others."""
    nothing = Registry(())

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        required_resource_keys=resource_keys(nothing),
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description=f"Tells the webhook that {WEBHOOK} names of drift, rejects and broken capture.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        url = os.environ.get(WEBHOOK)
        if not url:
            return dg.SkipReason(f"{WEBHOOK} is not set")
        with open_project(context.resources, nothing) as project:
            found = _found(project)
        before: Findings = json.loads(context.cursor) if context.cursor else {}
        lines = news(before, found)
        if lines:
            _tell(url, {"text": "\n".join(lines), **found})
        return dg.SensorResult(cursor=json.dumps(found, sort_keys=True))

    return sensor


def news(before: Mapping[str, Mapping[str, int]], found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What has begun and what is over since."""
    lines: list[str] = []
    for what, words in _WORDS.items():
        old, new = before.get(what, {}), found.get(what, {})
        lines += [
            f"{table}: {words}" + (f" ({count:,})" if what != "capture" else "")
            for table, count in sorted(new.items())
            if table not in old
        ]
        lines += [f"{table}: no {words} any more" for table in sorted(old) if table not in new]
    return lines


def _found(project: Project) -> Findings:
    rejected = (
        sa.select(mapping.c.target, sa.func.count(sa.distinct(reject.c.root_key)))
        .join(mapping, mapping.c.id == reject.c.mapping_id)
        .where(reject.c.kind != "waiting")
        .group_by(mapping.c.target)
    )
    with project.reading() as connection:
        return {
            "drift": open_counts(connection),
            "rejects": {str(target): int(count) for target, count in connection.execute(rejected)},
            "capture": {f"{c.database}.{c.table}": 1 for c in captured(connection) if c.state == "broken"},
        }


def _tell(url: str, content: Mapping[str, Any]) -> None:
    if not url.startswith(("https://", "http://")):
        raise dg.Failure(f"{WEBHOOK} is no URL of a webhook: it begins with neither https:// nor http://")
    data = json.dumps(content).encode()
    try:
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - see above
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        why = f"it answered {error.code}"
    except (OSError, ValueError) as error:
        why = type(error).__name__
    # The cursor stays, so that it is told at the next tick.
    raise dg.Failure(f"the webhook that {WEBHOOK} names could not be told: {why}")
