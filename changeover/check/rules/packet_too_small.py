"""The rule `packet-too-small`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import Rule
from changeover.check.site import Site

LEAST = 4 << 20
"""Bytes: a thousand rows of 4 KB in one packet. Below it, chunks shrink so far that their overhead dominates."""


class PacketTooSmall(Rule):
    """A MariaDB or MySQL server takes only small packets.

    A chunk crosses in few packets. With `max_allowed_packet` under 4 MB chunks get small and slow, and a row
    larger than the limit can't be moved at all.

    Instead: `SET GLOBAL max_allowed_packet = 67108864`, and the same in the server's configuration.
    """

    name: ClassVar[str] = "packet-too-small"
    severity: ClassVar[Severity] = "warning"

    def check(self, site: Site) -> Iterator[Finding]:
        for title, schema in site.databases():
            if schema.dialect.family != "mysql":
                continue
            found = answer(schema, "SELECT @@global.max_allowed_packet")
            if found is not None and int(found[0]) < LEAST:
                message = (
                    f"max_allowed_packet of the {title} is {int(found[0]):,} bytes: larger rows can't be "
                    f"moved, and chunks are small"
                )
                yield self.find(
                    None,
                    message,
                    "SET GLOBAL max_allowed_packet = 67108864, and the same in its configuration",
                )
