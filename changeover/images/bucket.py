"""The new bucket: storing bytes under a key that names them, once, and believing it only after looking.

A PUT says ``If-None-Match: *``, so of two writers one stores and the other learns that it is there already, and nothing is ever
replaced. It carries the sha256 as a checksum that S3 compares with what arrived, and as metadata that a HEAD tells again. The PUT's
own answer is not what counts: after it, or after an answer that was lost, the HEAD is.

An object that is new and is stored at once, as most are, costs a PUT and a HEAD by libcurl. Whatever else is answered is left to
obstore, which tries again and knows S3's errors, at nearly twice libcurl's processor time and a fifth of boto3's; what is rare goes
through boto3, which also finds the credentials of all three.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256 as hashed

import obstore
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from obstore import exceptions
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from changeover.errors import ChangeoverError, ConfigurationError
from changeover.images import s3
from changeover.images.origins.origin import Source
from changeover.images.origins.politeness import backoff
from changeover.images.signed import Signed

BUCKET = "CHANGEOVER_BUCKET"
CACHE_CONTROL = "public, max-age=31536000, immutable"
"""A key's bytes never change, so they may be kept for the year that is the most caches grant."""
TRIES = 5
RETRIES = 6
"""Of one request that meets 5xx or a broken connection: with waits that grow to 10 s, half a minute."""
SHA256 = "sha256"


class KeyTaken(Exception):
    """Other bytes are stored under a key."""


class NotStored(ChangeoverError):
    """The bucket did not take an object, or did not answer, this time. The message says why, in words of ours."""


@dataclass(frozen=True)
class Stored:
    """An object of the bucket. ``sha256`` is what it was stored with; None where nobody noted it, and in a listing."""

    key: str
    bytes: int
    modified: datetime
    sha256: str | None = None
    media_type: str | None = None
    etag: str | None = None


class Bucket:
    """A bucket that images are stored in. Used by many threads at once."""

    def __init__(
        self, name: str, account: s3.Account | None = None, *, cache_control: str = CACHE_CONTROL
    ) -> None:
        """Open it; nothing is asked yet.

        Parameters: ``account`` who asks where, the environment's by default; ``cache_control`` what objects are stored with.
        Raises: BucketRefused when there are no credentials; ConfigurationError.
        """
        self.name, self.cache_control = name, cache_control
        self.account = account or s3.Account.from_environment()
        self.client = self.account.client()
        self.endpoint = str(self.client.meta.endpoint_url)
        self._store = self._opened()
        self._was_there = False
        """What was stored last was in the bucket already: the next one may be as well, and is looked for before it is sent."""
        self._signed = Signed(self.endpoint, name, self.account.region, self._who)

    @classmethod
    def from_environment(cls) -> Bucket:
        """The bucket that ``CHANGEOVER_BUCKET`` names. Raises ConfigurationError when unset, and as the constructor does."""
        name = os.environ.get(BUCKET, "").strip()
        if not name:
            raise ConfigurationError(
                f"{BUCKET} is not set: it names the bucket that images move to. Set it in the environment or in .env, with "
                "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for another server than Amazon's, AWS_ENDPOINT_URL_S3"
            )
        return cls(name)

    def store(
        self, key: str, body: bytes, media_type: str, sha256: str, source: Source | None = None
    ) -> bool:
        """See to it that the key holds these bytes; whether it did so already.

        Parameters: ``sha256`` of the bytes, in hex; ``source`` the object that holds the same bytes in another bucket of this
        server, to be copied in place of an upload where that works.
        Raises: KeyTaken; NotStored; BucketRefused when no object would be taken.
        """
        copied = source is not None and self.copied(key, media_type, sha256, source)
        look = self._was_there
        for attempt in range(TRIES):
            written = None if copied or look else self._written(key, body, media_type, sha256)
            if written is not None and self._holds(key, len(body), written):
                return False
            found = self.head(key)
            if found is None and look:
                look = self._was_there = False
                continue
            if found is None:
                # A 409: another writer of this key was faster, and then failed.
                time.sleep(backoff(attempt))
                copied = False
                continue
            if found.bytes != len(body) or (found.sha256 or self.hash(key)) != sha256:
                raise KeyTaken(
                    f"other bytes are stored under {key}: delete that object if nobody needs it, and run this again"
                )
            self._was_there = written is None and not copied
            return self._was_there
        raise NotStored("the bucket said that it is stored, and then that it isn't")

    def is_there(self) -> None:
        """Ask for the bucket itself. Raises: BucketRefused when it is not there, or not for us; NotStored.

        A HEAD has no body that could say why there is no object: no bucket has none.
        """
        try:
            self.client.list_objects_v2(Bucket=self.name, MaxKeys=1)
        except (ClientError, BotoCoreError) as error:
            raise self._trouble(error, "to be listed") from None

    def head(self, key: str) -> Stored | None:
        """What the bucket says of a key; None when there is none, nor, for all a HEAD says, the bucket.

        Raises: NotStored; BucketRefused when no object would be told of.
        """
        try:
            found = obstore.get(self._store, key, options={"head": True})
            meta, attributes = found.meta, found.attributes
        except FileNotFoundError as error:
            self._raise_for_all(error, "a HEAD")
            return None
        except exceptions.BaseError as error:
            raise self._trouble(error, "a HEAD") from None
        noted = {str(name).lower(): str(value) for name, value in attributes.items()}
        return Stored(
            key,
            meta["size"],
            meta["last_modified"],
            noted.get(SHA256),
            noted.get("content-type"),
            meta["e_tag"],
        )

    def listing(self, prefix: str = "") -> Iterator[Stored]:
        """All objects whose keys begin with ``prefix``, in no order that could be relied on, a page in memory at a time.

        Raises: BucketRefused; NotStored.
        """
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        try:
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield Stored(entry["Key"], entry["Size"], entry["LastModified"])
        except (ClientError, BotoCoreError) as error:
            raise self._trouble(error, "to be listed") from None

    def _who(self) -> ReadOnlyCredentials:
        found = self.account.session.get_credentials()
        assert found is not None  # as the store has found them
        return found.get_frozen_credentials()

    def _opened(self) -> S3Store:
        try:
            provider = Boto3CredentialProvider(self.account.session)
        except ValueError:
            raise s3.no_credentials(self.name) from None
        return S3Store(
            self.name,
            aws_endpoint_url_s3=self.endpoint,
            region=self.account.region,
            virtual_hosted_style_request=False,
            checksum_algorithm="sha256",
            unsigned_payload=True,  # the checksum is signed, and is one of the payload
            client_options={"allow_http": True, "connect_timeout": "10s", "timeout": "120s"},
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=60),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=10),
                    "base": 2,
                },
            },
            credential_provider=provider,
        )

    def _written(self, key: str, body: bytes, media_type: str, sha256: str) -> str | None:
        """The ETag of the object that a PUT has made; None where there is one already."""
        attributes = {"Content-Type": media_type, "Cache-Control": self.cache_control}
        said = self._signed.put(
            key,
            body,
            {
                **attributes,
                "If-None-Match": "*",
                f"x-amz-meta-{SHA256}": sha256,
                "x-amz-checksum-sha256": b64encode(bytes.fromhex(sha256)).decode(),
            },
        )
        if said.status == 200:
            return said.etag
        if said.status == 412:
            return None
        try:
            made = obstore.put(
                self._store,
                key,
                body,
                attributes={**attributes, SHA256: sha256},
                mode="create",
                use_multipart=False,
            )
        except exceptions.AlreadyExistsError:
            return None
        except (exceptions.BaseError, FileNotFoundError) as error:
            raise self._trouble(error, "a PUT") from None
        return made["e_tag"] or ""

    def _holds(self, key: str, size: int, etag: str) -> bool:
        """Whether a HEAD finds the very object that a PUT has made, whose checksum the server compared."""
        said = self._signed.head(key)
        if said.status == 200:
            return bool(etag) and (said.etag, said.size) == (etag, size)
        try:
            seen = obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        except exceptions.BaseError as error:
            raise self._trouble(error, "a HEAD") from None
        return bool(etag) and seen["e_tag"] == etag and seen["size"] == size

    def copied(self, key: str, media_type: str, sha256: str, source: Source) -> bool:
        """Whether it was copied within the server. A copy can't say If-None-Match everywhere, so what is there is looked for."""
        if source.endpoint != self.endpoint or self.head(key) is not None:
            return False
        try:
            self.client.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource={"Bucket": source.bucket, "Key": source.key},
                CopySourceIfMatch=source.etag,
                MetadataDirective="REPLACE",
                Metadata={SHA256: sha256},
                ContentType=media_type,
                CacheControl=self.cache_control,
            )
        except (ClientError, BotoCoreError):
            return False  # not allowed, not known, changed meanwhile: the bytes are uploaded
        return True

    def hash(self, key: str) -> str:
        """The sha256 of an object that nobody noted it for: one that was not stored by us."""
        try:
            digest = hashed()
            for part in obstore.get(self._store, key).stream():
                digest.update(part)
            return digest.hexdigest()
        except (exceptions.BaseError, FileNotFoundError) as error:
            raise self._trouble(error, "a GET") from None

    def _raise_for_all(self, error: BaseException, doing: str) -> None:
        refused = s3.refusal(self.name, error, doing)
        if refused is not None:
            raise refused from None

    def _trouble(self, error: BaseException, doing: str) -> NotStored:
        self._raise_for_all(error, doing)
        if isinstance(error, exceptions.PermissionDeniedError):  # of a HEAD, whose answer has no body
            raise s3.denied(self.name, doing) from None
        code = s3.code_of(error)
        return NotStored(
            f"the bucket does not take {doing} ({code})" if code else f"the bucket does not answer {doing}"
        )
