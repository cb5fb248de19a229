"""Private servers (databases, S3, the old image host) for the demo, the tests and the measurements.

Each server lives in a temporary directory and listens on a free port of the loopback interface, with a password made
up at its start; no server, user or setting of the machine is touched. However its owner ends (normally, by a signal,
by `kill -9`), the server is stopped and its directory removed.
"""

from demo.servers.image_host import ImageHost
from demo.servers.mariadb import MariaDB
from demo.servers.mysql import MySQL
from demo.servers.postgres import PostgreSQL
from demo.servers.private_server import PrivateServer, PrivateService, ServerFailed
from demo.servers.programs import MissingProgram
from demo.servers.seaweedfs import SeaweedFS

__all__ = [
    "ImageHost",
    "MariaDB",
    "MissingProgram",
    "MySQL",
    "PostgreSQL",
    "PrivateServer",
    "PrivateService",
    "SeaweedFS",
    "ServerFailed",
]
