"""Links between pages: each leads to a file of the project, and its fragment to a heading there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from docs.pages.page import Page

_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.\-]*:")


def broken_links(pages: Iterable[Page]) -> Iterator[str]:
    """A line for each link that leads nowhere. Addresses of other sites are not asked."""
    for page in pages:
        for found in _LINK.finditer(page.prose):
            target = found[1]
            why = None if _ELSEWHERE.match(target) else _broken(page.file, target)
            if why:
                yield f"{page}:{page.prose.count(chr(10), 0, found.start()) + 1}: link {target}: {why}"


def anchors(page: Page) -> set[str]:
    """The fragments that GitHub gives to the page's headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(page.prose):
        slug = base = _slug(heading)
        count = 0
        while slug in found:
            count += 1
            slug = f"{base}-{count}"
        found.add(slug)
    return found


def _broken(file: Path, target: str) -> str | None:
    path, _, fragment = unquote(target).partition("#")
    to = (file.parent / path).resolve() if path else file
    if not to.exists():
        return "there is no such file"
    if fragment and to.suffix == ".md" and fragment not in anchors(Page(to)):
        return f"{to.name} has no heading #{fragment}"
    return None


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
