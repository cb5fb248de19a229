"""Where carrying images is measured: nginx that serves them, a private S3 server, rclone beside us, and a line with latency."""

from __future__ import annotations

import random
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path

from PIL import Image, ImageFilter

from demo.servers import PrivateService, SeaweedFS
from demo.servers.programs import find_program
from demo.servers.seaweedfs import REGION

BUCKET = "images"
SIZE, QUALITY = (640, 480), 70
"""Photographs of about 40 KB."""


class Nginx(PrivateService):
    """Serves the files below its `images` folder; one process, on the loopback interface."""

    name = "nginx"
    clean_stop = signal.SIGQUIT
    quick_stop = signal.SIGKILL
    passing_failures = ("Address already in use",)

    @property
    def images(self) -> Path:
        """What is served."""
        return self.directory / "images"

    def _initialise_command(self) -> list[str]:
        return ["mkdir", str(self.images)]

    def _server_command(self) -> list[str]:
        temporary = "".join(
            f"{kind}_temp_path {self._temporary}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        settings = self.directory / "nginx.conf"
        settings.write_text(
            f"daemon off; master_process off; pid {self.directory}/nginx.pid; error_log {self.log} warn;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; sendfile on; keepalive_requests 1000000; {temporary}\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {self.images}; }} }}\n"
        )
        return [str(find_program("nginx", "nginx-light")), "-p", str(self.directory), "-c", str(settings)]

    def _ping(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), 5).close()


class Rclone(PrivateService):
    """rclone as a server of `operations/copyurl`, which is `rclone copyurl` for one image after the other."""

    name = "rclone"
    clean_stop = signal.SIGTERM
    quick_stop = signal.SIGKILL
    passing_failures = ("address already in use",)

    def __init__(self, server: SeaweedFS, endpoint: str) -> None:
        super().__init__()
        self.server, self.endpoint = server, endpoint

    def _initialise_command(self) -> list[str]:
        return ["true"]

    def _server_command(self) -> list[str]:
        settings = self.directory / "rclone.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"[s3]\ntype = s3\nprovider = Other\nendpoint = {self.endpoint}\nregion = {REGION}\n"
            f"access_key_id = {self.server.access_key}\nsecret_access_key = {self.server.secret_key}\n"
            "no_check_bucket = true\n"
        )
        return [
            str(find_program("rclone", "rclone")),
            "rcd",
            "--rc-no-auth",
            f"--rc-addr=127.0.0.1:{self.port}",
            f"--config={settings}",
            f"--cache-dir={self._temporary}",
            "--transfers=64",  # by which it reckons how many connections it keeps
        ]

    def _ping(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), 5).close()


class Line(PrivateService):
    """A way to a port that takes `milliseconds` there and back."""

    name = "line"
    clean_stop = signal.SIGTERM
    quick_stop = signal.SIGKILL
    passing_failures = ("Address already in use",)

    def __init__(self, to: int, milliseconds: float) -> None:
        super().__init__()
        self.to, self.milliseconds = to, milliseconds

    def _initialise_command(self) -> list[str]:
        return ["true"]

    def _server_command(self) -> list[str]:
        return [sys.executable, "-m", "bench.line", str(self.port), str(self.to), str(self.milliseconds)]

    def _ping(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), 5).close()


@dataclass
class ImageSite:
    """The servers of a run. `source` and `endpoint` are where images and S3 are asked for, over the lines if there are any."""

    nginx: Nginx
    server: SeaweedFS
    rclone: Rclone
    source: str
    endpoint: str
    images: int
    folders = count(1)

    def fresh(self) -> str:
        """A prefix of keys that nobody has used."""
        return f"round-{next(self.folders)}"


@contextmanager
def image_site(images: int, milliseconds: float = 0.0) -> Generator[ImageSite]:
    """The servers, with so many images, and a line of that latency before each of the two."""
    with Nginx() as nginx, SeaweedFS([BUCKET]) as server:
        make_images(nginx.images, images)
        if not milliseconds:
            with Rclone(server, server.endpoint) as rclone:
                source = f"http://127.0.0.1:{nginx.port}"
                yield ImageSite(nginx, server, rclone, source, server.endpoint, images)
            return
        with Line(nginx.port, milliseconds) as near, Line(server.port, milliseconds) as far:
            endpoint = f"http://127.0.0.1:{far.port}"
            with Rclone(server, endpoint) as rclone:
                yield ImageSite(nginx, server, rclone, f"http://127.0.0.1:{near.port}", endpoint, images)


def make_images(folder: Path, images: int) -> None:
    """JPEG files of one photograph-like picture, each with a comment that makes its bytes its own."""
    grain = Image.frombytes("L", SIZE, random.Random(1).randbytes(SIZE[0] * SIZE[1]))
    picture = Image.blend(
        grain.filter(ImageFilter.GaussianBlur(1.2)).convert("RGB"),
        Image.linear_gradient("L").resize(SIZE).convert("RGB"),
        0.3,
    )
    out = BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    body = out.getvalue()
    for n in range(images):
        comment = f"{n:08d}".encode()
        (folder / f"{n}.jpg").write_bytes(body[:2] + b"\xff\xfe\x00\x0a" + comment + body[2:])
