"""PyMySQL's connection, with one TLS context for all where the URL asks for none of its own.

PyMySQL makes a context for every connection, and reads all certificates that the machine trusts into it: 20 ms of a processor for
each session, also where the server speaks no TLS, and for nothing, since it verifies none of them.
"""

from __future__ import annotations

import ssl
import threading
from typing import Any

import pymysql

_LOCK = threading.Lock()


class Connection(pymysql.connections.Connection):
    """See above. Encrypted where the server can be, as PyMySQL's own."""

    _common: ssl.SSLContext | None = None

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:  # pyright: ignore[reportIncompatibleMethodOverride]
        if sslp:
            return super()._create_ssl_ctx(sslp)  # pyright: ignore[reportPrivateUsage]
        with _LOCK:
            if Connection._common is None:
                Connection._common = super()._create_ssl_ctx(sslp)  # pyright: ignore[reportPrivateUsage]
            return Connection._common


def connect(_: Any, __: Any, arguments: Any, options: dict[str, Any]) -> Connection:
    """Opens a connection in place of SQLAlchemy's dialect, as its event `do_connect` may."""
    return Connection(*arguments, **options)
