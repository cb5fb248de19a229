"""Images in a partition's metadata: some that arrived, and some that were rejected."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import dagster as dg

from changeover.image_sets.moved import Rejected
from changeover.images.image import Arrived


def gallery(sample: Iterable[Arrived], prefix: str) -> dg.MetadataValue:
    """Some images with key, kind and size, and to be seen where ``prefix`` makes a URL of a key.

    Old URLs aren't shown: they may be personal data, and the UI has no login.
    """
    lines = ["| image | key | kind | pixels | bytes |", "| --- | --- | --- | --- | --- |"]
    for one in sample:
        pixels = f"{one.width} × {one.height}" if one.width and one.height else ""
        shown = f"![]({_cell(prefix + quote(one.key))})" if prefix.startswith(("http://", "https://")) else ""
        lines.append(f"| {shown} | `{_cell(one.key)}` | {one.media_type} | {pixels} | {one.bytes:,} |")
    return dg.MetadataValue.md("\n".join(lines))


def rejects_table(rejected: Iterable[Rejected]) -> dg.MetadataValue:
    """Rows that keep an old URL: table, key, column and reason."""
    names = ("table", "key", "column", "reason", "detail")
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: str(getattr(one, name)) for name in names}) for one in rejected],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in names]),
    )


def _cell(text: str) -> str:
    return text.replace("|", "%7C").replace("`", "%60")
