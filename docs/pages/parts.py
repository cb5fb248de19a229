"""Parts of pages that the code itself writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from docs.pages.commands import command
from docs.pages.control_tables import control_table
from docs.pages.interface import api, api_table
from docs.pages.page import Page

_PART = re.compile(
    r"^<!-- generated: (?P<what>[\w-]+)(?P<about>(?: [\w.-]+)*) -->\n.*?^<!-- end -->$",
    re.MULTILINE | re.DOTALL,
)
MAKERS: dict[str, Callable[..., str]] = {
    "api": api,
    "api-table": api_table,
    "command": command,
    "control-table": control_table,
}


def filled(text: str) -> str:
    """The page with its generated parts made anew. Raises KeyError for a part that nobody makes."""
    return _PART.sub(_made, text)


def outdated(pages: Iterable[Page]) -> Iterator[str]:
    """A line for each page whose generated parts are not what the code says now."""
    for page in pages:
        if filled(page.text) != page.text:
            yield f"{page}: a generated part is out of date: run python -m docs.pages write"


def about(page: Page, what: str) -> set[str]:
    """What the page's parts of a maker are about."""
    return {
        word
        for found in _PART.finditer(page.text)
        if found["what"] == what
        for word in found["about"].split()
    }


def _made(found: re.Match[str]) -> str:
    first = found[0].splitlines()[0]
    return f"{first}\n{MAKERS[found['what']](*found['about'].split()).strip()}\n<!-- end -->"
