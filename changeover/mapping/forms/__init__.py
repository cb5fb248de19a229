"""How the URLs of images stand in a column: one form a file.

A form takes a value's canonical text apart and puts it together again. It knows nothing of what a URL means, and what it is not
asked to replace stays as it is, to the byte.
"""

from __future__ import annotations

from typing import Literal

from changeover.mapping.forms.found import Found, NoImages, Take
from changeover.mapping.forms.html import in_html
from changeover.mapping.forms.json import in_json
from changeover.mapping.forms.url import in_url

Form = Literal["url", "json", "html"]
"""``url``: one URL. ``json``: a JSON list of URLs. ``html``: URLs in the tags of a text."""

FORMS: dict[Form, Take] = {"url": in_url, "json": in_json, "html": in_html}

__all__ = ["FORMS", "Form", "Found", "NoImages", "Take"]
