"""Private database servers for the demo, the tests and the measurements.

Each server lives in a temporary directory and listens on a free port of the loopback interface, with a password made
up at its start; no server, user or setting of the machine is touched. However its owner ends (normally, by a signal,
by `kill -9`), the server is stopped and its directory removed.
"""

from demo.servers.mariadb import MariaDB
from demo.servers.postgres import PostgreSQL
from demo.servers.private_server import PrivateServer, ServerFailed
from demo.servers.programs import MissingProgram

__all__ = ["MariaDB", "MissingProgram", "PostgreSQL", "PrivateServer", "ServerFailed"]
