"""Processor time of this process and of servers. Other programs on the machine stretch the clock, but hardly this."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from demo.servers import PrivateService

_TICKS = os.sysconf("SC_CLK_TCK")


def spent(servers: Iterable[PrivateService]) -> float:
    """Seconds of processors since the start of this process and the servers, their children included."""
    own = os.times()
    return own.user + own.system + sum(_spent(_id(server)) for server in servers)


def spent_by(server: PrivateService) -> float:
    """Seconds of processors since the start of a server, its children included."""
    return _spent(_id(server))


def _id(server: PrivateService) -> int:
    return int((server.directory / "pid").read_text())


def _spent(server: int) -> float:
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # A program's name stands in brackets and may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parent, user, system, children_user, children_system = (int(fields[n]) for n in (1, 11, 12, 13, 14))
        if int(stat.parent.name) == server:
            ticks += user + system + children_user + children_system
        elif parent == server:
            ticks += user + system
    return ticks / _TICKS
