"""What a URL is called where images lie below one place: an old bucket, a folder."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes, urlsplit

from changeover.images.image import Refused


def below(url: str, base: str) -> str | Refused:
    """The name of an image below ``base``, a URL that ends with a slash: the rest of the path, decoded. The query says nothing."""
    place, base_place = urlsplit(url), urlsplit(base)
    if place.netloc != base_place.netloc or not place.path.startswith(base_place.path):
        return Refused(url, "host", "it does not lie below the place that images may be fetched from")
    try:
        name = unquote_to_bytes(place.path[len(base_place.path) :]).decode()
    except UnicodeDecodeError:
        return Refused(url, "url", "its path is no UTF-8 text")
    if not name or "\0" in name:
        return Refused(url, "url", "its path names no image")
    return name
