"""A real S3 server, a bucket of its own for each test, and a host that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import boto3
import pytest

from changeover.images.bucket import Bucket
from changeover.images.guard import Guard
from changeover.images.origins.http import HttpOrigin
from changeover.images.s3 import Account
from demo.servers import SeaweedFS
from demo.servers.seaweedfs import REGION
from tests.images.host import Host, misbehaving

LOOPBACK = ("127.0.0.0/8",)
_numbers = count(1)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[SeaweedFS]:
    with SeaweedFS(["images", "old"]) as server:
        yield server


@pytest.fixture
def account(s3_server: SeaweedFS) -> Account:
    s3_server.start()  # a test may have killed it
    session = boto3.Session(s3_server.access_key, s3_server.secret_key, region_name=REGION)
    return Account(session, s3_server.endpoint)


@pytest.fixture
def bucket(account: Account) -> Iterator[Bucket]:
    name = f"images-{next(_numbers)}"
    client = account.client()
    client.create_bucket(Bucket=name)
    bucket = Bucket(name, account)
    yield bucket
    bucket.client.close()
    client.close()


@pytest.fixture
def host() -> Iterator[Host]:
    with misbehaving() as host:
        yield host


@pytest.fixture
def origin(host: Host) -> Iterator[HttpOrigin]:
    """Allowed to ask the host, and so patient that a machine which stands still makes no trouble."""
    origin = HttpOrigin(_allowed(host), connect_seconds=60, read_seconds=60, image_seconds=120, tries=2)
    yield origin
    origin.close()


@pytest.fixture
def impatient(host: Host) -> Iterator[HttpOrigin]:
    """The same for a host that never answers in time."""
    origin = HttpOrigin(_allowed(host), connect_seconds=60, read_seconds=1, image_seconds=2, tries=2)
    yield origin
    origin.close()


def _allowed(host: Host) -> Guard:
    return Guard([f"127.0.0.1:{host.port}"], LOOPBACK)
