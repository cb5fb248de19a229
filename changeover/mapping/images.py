"""A set of images: from where they may be fetched, what counts as one, and how their new keys are formed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from changeover.errors import MappingError
from changeover.images.guard import Forbidden, Guard
from changeover.images.image import Rules
from changeover.images.url import Refusal, digest, normal
from changeover.mapping.given import are, is_a

_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")

PLAIN = 2_000
"""Characters of a text that may be seen to be in its normal form: with any base, fewer than a URL may have."""

_SEGMENT = r"[A-Za-z0-9_~\-][A-Za-z0-9._~\-]*"

Keys = Literal["content", "path"]
"""``content``: by the bytes' sha256, so that identical images are one object. ``path``: the old URL's path, for people to read."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image that a row names. ``url`` is its normal form; None, with the ``reason``, where it may not be fetched. ``digest`` is
    the URL's, or, where there is none, the text's."""

    digest: str
    url: str | None
    reason: str | None = None


@dataclass(frozen=True)
class ImageSet:
    """Images that are moved together.

    Parameters:
        name: unique; the manifest keeps the set's images under it.
        hosts: the hosts that may be asked for them, each with its port where it isn't the scheme's own; ``*.example.com``
            means all below it. All others are refused, redirects included.
        bucket: an old S3 bucket that holds them, in place of hosts: the object below ``base`` is fetched; by the credentials of
            ``profile``, a section of AWS's own configuration files, where they aren't the new bucket's.
        folder: a folder that holds them, in place of hosts: the file below ``base`` is read.
        base: what a relative URL is relative to (``https://img.example.com/uploads/``).
        leave: hosts whose images stay where they are, without being listed as rejected.
        keys, prefix: how new keys are formed, and what each begins with (``product/``).
        rules: which kinds of images are taken, and how large they may be.

    Raises: MappingError when the declaration contradicts itself.
    """

    name: str
    hosts: tuple[str, ...] = ()
    bucket: str = ""
    profile: str = ""
    folder: Path | None = None
    base: str = ""
    leave: tuple[str, ...] = ()
    keys: Keys = "content"
    prefix: str = ""
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        where = f"ImageSet({self.name!r})"
        if not is_a(self.name, str) or not _NAME.fullmatch(self.name):
            raise MappingError(f"{where}: expected a name of letters, digits, dots, dashes and underscores")
        for name in ("hosts", "leave"):
            self._check_hosts(where, name)
        if sum(map(bool, (self.hosts, self.bucket, self.folder))) != 1:
            raise MappingError(
                f"{where}: say from where its images may be fetched, with one of hosts=, bucket= and folder="
            )
        if not self.hosts and not self.base:
            raise MappingError(f"{where}: say with base= which URLs lead into the bucket or folder")
        if self.base:
            self._check_base(where)

    def _check_hosts(self, where: str, name: str) -> None:
        given = getattr(self, name)
        object.__setattr__(self, name, (given,) if isinstance(given, str) else given)
        if not are(getattr(self, name), str):
            raise MappingError(f"{where}: {name} is {given!r}; expected names of hosts")
        object.__setattr__(self, name, tuple(getattr(self, name)))
        try:
            Guard(getattr(self, name))
        except ValueError as error:
            raise MappingError(f"{where}: {name}={given!r} names no hosts: {error}") from None

    def _check_base(self, where: str) -> None:
        try:
            url = normal(self.base)
        except Refusal as error:
            raise MappingError(f"{where}: base is no URL that images could be below: {error}") from None
        if not url.endswith("/"):
            raise MappingError(f"{where}: base must end with a slash: what stands after it is replaced")
        object.__setattr__(self, "base", url)
        if self.hosts and not _admits(self._asked, url):
            raise MappingError(f"{where}: base is on a host that hosts= does not allow")

    def reference(self, text: str) -> Reference | None:
        """What a URL in a row means; None where its image stays where it is."""
        if len(text) <= PLAIN and self._plain.fullmatch(text):
            # Nearly all URLs are in their normal form already; to see that costs a tenth of making it.
            url = text if text.startswith("http") and "://" in text else f"{self.base}{text}"
            return Reference(digest(url).hex(), url)
        try:
            url = normal(text, self.base)
        except Refusal as error:
            return Reference(_of_text(text), None, str(error))
        if self.leave and _admits(self._left, url):
            return None
        if not (_admits(self._asked, url) if self.hosts else url.startswith(self.base)):
            wanted = "a host" if self.hosts else "a place"
            why = f"it leads to {wanted} from which no images may be fetched"
            return Reference(digest(url).hex(), None, why)  # it may be stored since it was allowed
        return Reference(digest(url).hex(), url)

    @cached_property
    def _asked(self) -> Guard:
        return Guard(self.hosts)

    @cached_property
    def _left(self) -> Guard:
        return Guard(self.leave)

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        """URLs that may be fetched and whose normal form is what they are, or what they are below the base."""
        plain = [host for host in self.hosts if re.fullmatch(r"[a-z0-9.\-]+[a-z]", host)]
        starts = [re.escape(f"{scheme}://{host}/") for host in plain for scheme in ("http", "https")]
        if self.base:
            starts.append(re.escape(self.base))
        if not starts:
            return re.compile(r"(?!)")
        relative = "?" if self.base else ""
        return re.compile(rf"(?:{'|'.join(starts)}){relative}(?:{_SEGMENT}/)*{_SEGMENT}")


def _admits(guard: Guard, url: str) -> bool:
    try:
        guard.admit(url)
    except Forbidden:
        return False
    return True


def _of_text(text: str) -> str:
    """The digest of a text that is no URL: another than that of any URL."""
    return sha256(b"\0" + text.encode(errors="surrogatepass")).hexdigest()
