"""Say so, with a way out, when something listens on a port already.

scripts/port_is_free.py "make ui" 3000
"""

from __future__ import annotations

import errno
import socket
import sys

HOST = "127.0.0.1"


def main(command: str, given: str) -> int:
    """0 when the port can be listened on, else 2."""
    why = trouble(command, given)
    if why:
        print(f"{command}: {why}", file=sys.stderr)
    return 2 if why else 0


def trouble(command: str, given: str) -> str:
    """Why the port can't be used; empty where it can."""
    if not given.isascii() or not given.isdecimal() or not 0 < int(given) < 65_536:
        return f"PORT={given!r}: expected a number from 1 to 65535, such as 3001"
    port = int(given)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"port {port} is taken: something listens on it already, perhaps another Dagster. Stop it, or take another "
                    f"port: {command} PORT={port + 1 if port < 65_535 else 3000}"
                )
            return f"port {port} can't be used: {error.strerror}. Take another one: {command} PORT=3000"
    return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
