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
_COMMON: list[ssl.SSLContext] = []


class Connection(pymysql.connections.Connection):
    """See above. Encrypted where the server can be, as PyMySQL's own."""

    def _create_ssl_ctx(self, sslp: dict[str, Any]) -> ssl.SSLContext:
        made: Any = super()
        if sslp:
            return made._create_ssl_ctx(sslp)
        with _LOCK:
            if not _COMMON:
                _COMMON.append(made._create_ssl_ctx(sslp))
            return _COMMON[0]


def connect(_: Any, __: Any, arguments: Any, options: dict[str, Any]) -> Connection:
    """Opens a connection in place of SQLAlchemy's dialect, as its event `do_connect` may."""
    return Connection(*arguments, **options)
