"""Giving an object of the new bucket another key: copied by the server, and looked at. The former one stays."""

from __future__ import annotations

from hashlib import sha256 as hashed

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from changeover.images.bucket import Bucket, NotStored
from changeover.images.origins.origin import Source


def copy(bucket: Bucket, key: str, to: str, media_type: str, sha256: str) -> bool:
    """See to it that ``to`` holds the bytes that ``key`` does; whether it did so already. Where the server copies nothing, they are
    read and sent.

    Parameters: ``sha256`` of the bytes that were stored under ``key``, in hex.
    Raises: KeyTaken when ``to`` holds other bytes; NotStored; BucketRefused.
    """
    found = bucket.head(key)
    if found is None or not found.etag or (found.sha256 or bucket.hash(key)) != sha256:
        raise NotStored(f"the bucket does not hold under {key} what was stored there")
    source = Source(bucket.endpoint, bucket.name, key, found.etag)
    copied = bucket.copied(to, media_type, sha256, source)
    there = bucket.head(to)
    if there and there.bytes == found.bytes and (there.sha256 or bucket.hash(to)) == sha256:
        return not copied
    body = _body(bucket, source)
    if hashed(body).hexdigest() != sha256:
        raise NotStored(f"the bucket does not hold under {key} what was stored there")
    return bucket.store(to, body, media_type, sha256)


def _body(bucket: Bucket, source: Source) -> bytes:
    try:
        found = bucket.client.get_object(Bucket=source.bucket, Key=source.key, IfMatch=source.etag)
        return found["Body"].read()
    except (ClientError, BotoCoreError, HTTPClientError):
        raise NotStored(f"the bucket does not give {source.key}") from None
