"""Where images are now: a web host, an old bucket, a folder. One file an origin; each gives bytes, and judges none."""

from changeover.images.origins.origin import Fetched, Origin, Source

__all__ = ["Fetched", "Origin", "Source"]
