"""The ledger's time: UTC without a zone, as all of its columns are."""

from datetime import datetime, timezone


def now() -> datetime:
    """The time now."""
    return datetime.now(timezone.utc).replace(tzinfo=None)
