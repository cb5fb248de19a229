"""The private S3 server and the image host: they keep what they should, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from demo.old.pictures import answer
from demo.servers import ImageHost, SeaweedFS
from tests.servers.test_servers import eventually

ROOT = Path(__file__).resolve().parents[2]


def test_s3_keeps_objects_over_kill_and_restart_and_leaves_nothing() -> None:
    with SeaweedFS(["images", "old"]) as server:
        directory = server.directory
        client = server.client()
        client.put_object(Bucket="old", Key="상품.jpg", Body=b"1")
        client.close()
        server.kill()
        assert not server.running
        server.start()
        client = server.client()
        assert client.get_object(Bucket="old", Key="상품.jpg")["Body"].read() == b"1"
        client.close()
    assert not directory.exists()


def test_two_s3_servers_stand_beside_each_other() -> None:
    with SeaweedFS() as one, SeaweedFS() as other:
        assert one.endpoint != other.endpoint


@pytest.mark.parametrize("kind", [SeaweedFS, ImageHost])
def test_a_service_ends_with_its_owner(kind: type) -> None:
    script = (
        "import time\n"
        f"from demo.servers import {kind.__name__} as Server\n"
        "server = Server()\n"
        "server.start()\n"
        "print(server.directory, (server.directory / 'pid').read_text().strip(), flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with owner:
        assert owner.stdout is not None
        directory, pid = owner.stdout.readline().split()
        os.kill(int(pid), 0)
        owner.send_signal(signal.SIGKILL)
    assert eventually(lambda: not Path(directory).exists())
    assert eventually(lambda: not Path(f"/proc/{pid}/exe").exists())  # a zombie has none


def test_the_image_host_serves_the_pictures_and_says_when_they_have_not_changed() -> None:
    path = "/product/07/000007_1.jpg"
    with ImageHost() as host, urlopen(f"http://{host.address}{path}?v=3", timeout=60) as response:
        assert response.read() == answer(path).body
        etag = response.headers["ETag"]
        assert host.environment() == {"CHANGEOVER_IMAGE_HOSTS": f"img.oldshop.example={host.address}"}
        again = subprocess.run(
            [sys.executable, "-c", _CONDITIONAL, host.address, path, etag], capture_output=True, text=True
        )
        assert again.stdout.strip() == "304", again.stderr


_CONDITIONAL = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.request("GET", sys.argv[2], headers={"If-None-Match": sys.argv[3]})
print(connection.getresponse().status)
connection.close()
"""


def test_a_picture_that_is_gone_answers_404() -> None:
    path = next(
        f"/product/01/{n}_1.jpg" for n in range(10_000) if answer(f"/product/01/{n}_1.jpg").status == 404
    )
    with ImageHost() as host, pytest.raises(HTTPError) as error:
        urlopen(f"http://{host.address}{path}", timeout=60)
    assert error.value.code == 404
    error.value.close()
