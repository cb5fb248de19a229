"""``python -m docs.pages check`` or ``write``."""

from __future__ import annotations

import sys

from docs.pages.code import unparsable
from docs.pages.links import broken_links
from docs.pages.page import pages
from docs.pages.parts import filled, outdated


def main(arguments: list[str]) -> int:
    """The exit code: 0 for nothing wrong, 1 for findings, 2 for a word that is neither check nor write."""
    if arguments == ["write"]:
        for page in pages():
            text = filled(page.text)
            if text != page.text:
                page.file.write_text(text, encoding="utf-8")
                sys.stdout.write(f"{page}: written\n")
        return 0
    if arguments != ["check"]:
        sys.stderr.write("usage: python -m docs.pages check|write\n")
        return 2
    found = [wrong for look in (broken_links, unparsable, outdated) for wrong in look(pages())]
    for wrong in found:
        sys.stdout.write(f"{wrong}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
