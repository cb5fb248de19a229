"""The old image host of the sample applications, as a private server."""

from __future__ import annotations

import http.client
import signal
import sys

from demo.old.sample import Sample
from demo.servers.private_server import PrivateService


class ImageHost(PrivateService):
    """Serves a picture for every image URL of the sample databases, whose host it stands in for."""

    name = "imagehost"
    clean_stop = signal.SIGTERM
    quick_stop = signal.SIGKILL
    passing_failures = ("Address already in use",)

    @property
    def address(self) -> str:
        """Where it listens: an address and a port."""
        return f"127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The variable that leads a program from the samples' host here."""
        return {"CHANGEOVER_IMAGE_HOSTS": f"{Sample.image_host.removeprefix('http://')}={self.address}"}

    def _initialise_command(self) -> list[str]:
        return ["true"]

    def _server_command(self) -> list[str]:
        return [sys.executable, "-m", "demo.old.image_server", str(self.port)]

    def _ping(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/icon/1/1.png")
            connection.getresponse().read()
        finally:
            connection.close()
