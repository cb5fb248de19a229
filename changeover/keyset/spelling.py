"""Keys that a ledger can't hold as they are: text with U+0000 in PostgreSQL, and bytes that are no UTF-8 in any database.

They are spelled in printable characters behind a mark, so that a reject's key leads back to its root. In Python, bytes that are no
UTF-8 are lone surrogates, as in names of files.
"""

from __future__ import annotations

import re

MARK = "\ufdd1"
"""The first character of a spelled key: a Unicode noncharacter, reserved for a program's internal use."""

_ODD = re.compile("[\\\\\0\udc80-\udcff]")
_SPELLED = re.compile(r"\\(\\|0|x[0-9a-f]{2})")


def spell(key: bytes, *, nul: bool) -> str:
    """A key as the ledger holds it. ``nul`` says that it holds no U+0000."""
    text = text_of(key)
    if not is_odd(text) and not (nul and "\0" in text):
        return text
    return MARK + _ODD.sub(_escaped, text)


def unspell(key: str) -> str:
    """A key of the ledger as the old database has it."""
    return _SPELLED.sub(_unescaped, key[1:]) if key.startswith(MARK) else key


def text_of(key: bytes) -> str:
    """The key's text, whatever its bytes are."""
    return key.decode(errors="surrogateescape")


def bytes_of(text: str) -> bytes:
    """The bytes of such a text."""
    return text.encode(errors="surrogateescape")


def is_odd(text: str) -> bool:
    """The text stands for bytes that are no UTF-8."""
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def _escaped(found: re.Match[str]) -> str:
    odd = found[0]
    return "\\\\" if odd == "\\" else "\\0" if odd == "\0" else f"\\x{ord(odd) - 0xDC00:02x}"


def _unescaped(found: re.Match[str]) -> str:
    odd = found[1]
    return "\\" if odd == "\\" else "\0" if odd == "0" else chr(0xDC00 + int(odd[1:], 16))
