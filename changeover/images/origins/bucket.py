"""Images in an old S3 bucket. Where the new one is on the same server, what was read and checked is copied there by the server."""

from __future__ import annotations

import threading

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from changeover.images import s3
from changeover.images.image import Refused, Unchanged, Wanted
from changeover.images.origins.below import below
from changeover.images.origins.origin import Fetched, Source, too_large


class BucketOrigin:
    """The objects of an old bucket, each at the URL that it has below ``base``; ``prefix`` begins all their keys."""

    def __init__(
        self, bucket: str, base: str, *, prefix: str = "", account: s3.Account | None = None
    ) -> None:
        """Open it; nothing is asked yet. ``account`` is who asks where, the environment's by default.

        Raises: ConfigurationError.
        """
        self.bucket, self.base, self.prefix = bucket, base, prefix
        self.client = (account or s3.Account.from_environment()).client()

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:  # noqa: ARG002
        """See `Origin`. The client itself tries again what may pass."""
        name = below(wanted.url, self.base)
        if isinstance(name, Refused):
            return name
        key = self.prefix + name
        condition = {"IfNoneMatch": wanted.etag} if wanted.etag else {}
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=key, **condition)
            if found["ContentLength"] > most:
                found["Body"].close()
                return too_large(wanted.url, most)
            body = found["Body"].read()
        except ClientError as error:
            return self._refused(wanted, error)
        except (BotoCoreError, HTTPClientError) as error:
            refused = s3.refusal(self.bucket, error, "a GET")
            if refused is not None:
                raise refused from None
            return Refused(wanted.url, "unreachable", "the old bucket does not answer", again=True)
        source = Source(str(self.client.meta.endpoint_url), self.bucket, key, found["ETag"])
        return Fetched(wanted.url, body, found["ETag"], source=source)

    def close(self) -> None:
        """See `Origin`."""
        self.client.close()

    def _refused(self, wanted: Wanted, error: ClientError) -> Refused | Unchanged:
        code = s3.code_of(error)
        if code in ("304", "NotModified"):
            return Unchanged(wanted.url)
        if code in ("NoSuchKey", "404"):
            return Refused(wanted.url, "missing", "the old bucket has no such object")
        if code == "AccessDenied":
            # What a bucket that may not be listed says of an object that isn't there, too.
            return Refused(
                wanted.url, "forbidden", "the old bucket does not give it: it isn't there, or may not be read"
            )
        refused = s3.refusal(self.bucket, error, "a GET")
        if refused is not None:
            raise refused from None
        return Refused(wanted.url, "unreachable", f"the old bucket answers {code}", again=True)
