"""The reference of the rules, from their docstrings: ``python -m changeover.check.pages`` writes it."""

from __future__ import annotations

import inspect
from pathlib import Path

from changeover.check.rule import Rule
from changeover.check.rules import GROUPS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "check-rules.md"

_HEAD = """\
# Rules of `changeover check`

`changeover check` holds every mapping against the live schemas of the old databases and the new one, and
lists everything that is wrong at once. It changes nothing. An **error** would make moving fail, or could make
it wrong; a **warning** says that rows may be rejected, or that something is probably not meant. Each finding
names the rule, the mapping, the table and column, and what to do.
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = [_HEAD]
    for title, rules in GROUPS.items():
        parts.append(f"## {title}\n")
        parts.extend(_section(rule) for rule in rules)
    return "\n".join(parts)


def _section(rule: type[Rule]) -> str:
    return f"### {rule.name}\n\n*{rule.severity}* · {inspect.getdoc(rule)}\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
