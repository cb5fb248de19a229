"""Asset keys and the names that Dagster derives from them. Tables may be called anything; Dagster's names may not."""

from __future__ import annotations

import re
from hashlib import sha256

import dagster as dg


def new_key(target: str) -> dg.AssetKey:
    """The asset of a target table: ``new/coupon``, ``new/billing/invoice`` for a table in a schema."""
    return dg.AssetKey(["new", *(safe(part) for part in target.split("."))])


def old_key(database: str, table: str) -> dg.AssetKey:
    """The asset of an old table: ``old/shop/tb_coupon``."""
    return dg.AssetKey(["old", safe(database), *(safe(part) for part in table.split("."))])


def safe(name: str) -> str:
    """``name`` as a part of a Dagster name: itself where it can be, else what is left of it with a digest."""
    if re.fullmatch(r"[A-Za-z0-9_]+", name):
        return name
    kept = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    return f"{kept}_{sha256(name.encode()).hexdigest()[:6]}".lstrip("_")
