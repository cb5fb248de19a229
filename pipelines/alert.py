"""The sensor `alert`: tells a webhook, and people by e-mail, when rows drift, when they or their images are rejected, or when
changes of a table are no longer captured.

It looks at the ledger only. What is told once is told again when it is over, or when it comes back. Each way of telling has a
place of its own in the cursor: what one could not be told is told at the next tick, and no other is told it twice. Dagster's own
sensors for failed runs (`make_email_on_run_failure_sensor`, Slack's, Teams') stand beside it: they hear of runs, not of rows.
"""

import json
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import sqlalchemy as sa

from changeover.ledger.capture import captured
from changeover.ledger.drift import open_counts
from changeover.ledger.image_status import rows_waiting
from changeover.ledger.tables import mapping, reject
from changeover.mapping import Registry
from changeover.project import Project
from pipelines.alert_mail import SERVER, MailFailed, mail, send
from resources import open_project, resource_keys

NAME = "alert"
WEBHOOK = "CHANGEOVER_ALERT_WEBHOOK"
"""The URL that is told. It may hold a secret, and is never shown."""
SECONDS_BETWEEN_TICKS = 60
PATIENCE_SECONDS = 10

Findings = dict[str, dict[str, int]]
"""Table to rows (or 1), by what is wrong: ``drift``, ``rejects``, ``images``, ``capture``."""
_WORDS = {
    "drift": "rows drifted",
    "rejects": "rows rejected",
    "images": "rows with rejected images",
    "capture": "capture broken",
}


def alert(*, running: bool) -> dg.SensorDefinition:
    """The sensor. Parameters: ``running`` as for the others."""
    nothing = Registry(())

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        required_resource_keys=resource_keys(nothing),
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description=f"Tells the webhook in {WEBHOOK}, and by e-mail through {SERVER}, of drift, rejects and broken capture.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        ways = _ways()
        if not ways:
            return dg.SkipReason(f"neither {WEBHOOK} nor {SERVER} is set")
        with open_project(context.resources, nothing) as project:
            found = _found(project)
        before = _before(context.cursor)
        told, failures = dict(before), list[str]()
        for name, tell in ways.items():
            try:
                if lines := news(before.get(name, {}), found):
                    tell(lines, found)
                told[name] = found
            except (MailFailed, _WebhookFailed) as error:
                failures.append(str(error))
        if failures and told == before:
            raise dg.Failure("; ".join(failures))
        for failure in failures:
            context.log.error(failure)
        return dg.SensorResult(
            cursor=json.dumps(told, sort_keys=True), skip_reason="; ".join(failures) or None
        )

    return sensor


class _WebhookFailed(Exception):
    """The webhook was not told, for a reason that holds no secret."""


def _ways() -> dict[str, Callable[[list[str], Findings], None]]:
    """How to tell, by name, as the environment says."""
    ways: dict[str, Callable[[list[str], Findings], None]] = {}
    url = os.environ.get(WEBHOOK)
    if url:
        ways["webhook"] = lambda lines, found: _tell(url, {"text": "\n".join(lines), **found})
    if os.environ.get(SERVER):
        ways["mail"] = lambda lines, _: _send(lines)
    return ways


def _send(lines: list[str]) -> None:
    to = mail()
    if to is not None:
        send(to, lines)


def _before(cursor: str | None) -> dict[str, Findings]:
    """What each was told last. A cursor written before there was more than one way is the webhook's."""
    found: dict[str, Any] = json.loads(cursor) if cursor else {}
    return {"webhook": found} if found.keys() & _WORDS.keys() else found


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
        images = Counter[str]()
        for one in rows_waiting(connection):
            images[one.target] += one.rejected
        return {
            "drift": open_counts(connection),
            "rejects": {str(target): int(count) for target, count in connection.execute(rejected)},
            "images": {target: count for target, count in images.items() if count},
            "capture": {f"{c.database}.{c.table}": 1 for c in captured(connection) if c.state == "broken"},
        }


def _tell(url: str, content: Mapping[str, Any]) -> None:
    if not url.startswith(("https://", "http://")):
        raise _WebhookFailed(f"{WEBHOOK} is no URL of a webhook: it begins with neither https:// nor http://")
    data = json.dumps(content).encode()
    try:
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - see above
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        why = f"it answered {error.code}"
    except (OSError, ValueError) as error:
        why = type(error).__name__
    raise _WebhookFailed(f"the webhook that {WEBHOOK} names could not be told: {why}")
