"""S3 clients by the standard settings (``AWS_*``, profiles, roles), and what S3's refusals mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from changeover.errors import BucketRefused, ConfigurationError

AT_ONCE = 64
REMEDIES = {
    "NoSuchBucket": "there is no such bucket: create it, or correct the name",
    "AccessDenied": "the credentials don't allow it: they need s3:GetObject, s3:PutObject and s3:ListBucket",
    "AllAccessDisabled": "the bucket is closed to everybody",
    "InvalidAccessKeyId": "it knows no such access key: correct AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret does not belong to the access key: correct AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired: get new ones",
    "InvalidToken": "the session token is not valid: correct AWS_SESSION_TOKEN",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_REGION",
    "PermanentRedirect": "the bucket is in another region: set AWS_REGION",
    "QuotaExceeded": "it is full",
    "ServiceUnavailable": "it does not answer; try again later",
}
"""Codes of S3 that hold for every object of a bucket, and what to do."""
_REDIRECTED = "incorrectly configured region"
"""Of obstore's words for a redirect, whose answer it doesn't repeat."""
_CODE = re.compile(r"<Code>(\w+)</Code>")


@dataclass(frozen=True)
class Account:
    """Who asks, and where: credentials of a boto3 session, and the server, Amazon's or the environment's by default."""

    session: boto3.Session
    endpoint: str | None = None

    @classmethod
    def from_environment(cls, profile: str | None = None) -> Account:
        """The account of ``AWS_*`` variables, or of a section of AWS's own configuration files. Raises ConfigurationError."""
        try:
            return cls(boto3.Session(profile_name=profile))
        except ProfileNotFound:
            raise ConfigurationError(
                f"AWS's configuration files have no such profile: {profile or 'AWS_PROFILE'}"
            ) from None

    @property
    def region(self) -> str:
        """Where buckets are."""
        return self.session.region_name or "us-east-1"

    def client(self, at_once: int = AT_ONCE) -> Any:
        """A boto3 client for so many threads. Raises ConfigurationError for an endpoint that is no URL."""
        try:
            return self.session.client(
                "s3", region_name=self.region, endpoint_url=self.endpoint, config=config(at_once)
            )
        except (BotoCoreError, ValueError):
            raise ConfigurationError(
                "the S3 client can't be set up: AWS_ENDPOINT_URL_S3 has to be a URL such as http://127.0.0.1:9000, "
                "or unset for Amazon S3"
            ) from None


def config(at_once: int) -> Config:
    """What all clients share: retries that slow down, time-outs, and a connection for each thread."""
    return Config(
        max_pool_connections=at_once,
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 6},
        s3={"addressing_style": "path"},
    )


def code_of(error: BaseException) -> str:
    """S3's code of an error, from what a client says of it; the empty string when there is none."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        return {"403": "AccessDenied", "301": "PermanentRedirect"}.get(code, code)
    said = str(error)
    if _REDIRECTED in said:
        return "PermanentRedirect"
    found = _CODE.search(said)
    return found[1] if found else ""


def refusal(bucket: str, error: BaseException, doing: str) -> BucketRefused | None:
    """What an error says of the whole bucket; None for one of a single object. S3's own words are not repeated."""
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return no_credentials(bucket)
    remedy = REMEDIES.get(code_of(error))
    return BucketRefused(f"bucket {bucket} refuses {doing}: {remedy}") if remedy else None


def denied(bucket: str, doing: str) -> BucketRefused:
    """The credentials are known, and not enough."""
    return BucketRefused(f"bucket {bucket} refuses {doing}: {REMEDIES['AccessDenied']}")


def no_credentials(bucket: str) -> BucketRefused:
    """Nothing says who asks."""
    return BucketRefused(
        f"bucket {bucket}: there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    )
