"""The dirt of real databases: what people paste into text fields, and how they spell yes, an amount and an e-mail."""

from __future__ import annotations

import random

from demo.old.sample import pick

# Each of these has broken an export, an escape, a length check or a display somewhere.
AWKWARD = (
    "탭\t두 칸\t그리고 끝",
    "첫 줄\n둘째 줄\r\n셋째 줄",
    "C:\\upload\\새 폴더\\n",
    "ends with a backslash \\",
    "it's \"quoted\" and `ticked`, 'twice''",
    "100% 만족, 50%할인 %s %(name)s %d {0} {} $1 :id ?",
    "👍🏽 최고 👩‍👩‍👧‍👦 🇰🇷 ❤️",
    "줄\u2028구분\u2029자와 \u00a0공백\u200b",
    "\ufeffBOM 으로 시작",
    "\\N",
    "NULL",
    "\u1100\u1161\u11a8 (decomposed) \uac01 (composed)",
    "  앞뒤 공백  ",
    "'; DROP TABLE tb_product; --",
    "<script>alert('1')</script>&lt;b&gt;",
    "ß İ ı ſ ﬁ \u00c5 A\u030a",
    "עברית \u202e right to left",
    '{"key": "값", "n": 1}',
    "\x01\x1f control \x7f",
    "\ta\\tb\\\\tc\\0",
)


def awkward(rng: random.Random) -> str:
    """One of the awkward texts."""
    return pick(rng, AWKWARD)


def amount(rng: random.Random, won: int) -> str:
    """A sum of money as the old forms saved it: '12,900', '12900', ' 12,900', '12,900원'."""
    kind = rng.random()
    if kind < 0.72:
        return f"{won:,}"
    if kind < 0.90:
        return str(won)
    return f" {won:,}" if kind < 0.95 else f"{won:,}원"


def yes_or_no(rng: random.Random, share_of_yes: float) -> str:
    """'Y' or 'N', now and then 'y' or nothing (which the old application read as no)."""
    kind = rng.random()
    if kind < share_of_yes:
        return "y" if kind < share_of_yes * 0.03 else "Y"
    return "" if kind > 0.99 else "N"


def spelled_code(code: str, dice: int) -> str:
    """A code as it was typed: seldom in lower case, seldom with spaces behind it. `dice`: any integer."""
    kind = dice % 40
    if kind == 0:
        return code.lower()
    if kind == 1:
        return code + " "
    return code.lower() + "  " if kind == 2 else code


def spelled_email(email: str, dice: int) -> str:
    """An address as it was typed: capitals, a space behind it. `dice`: any integer."""
    kind = dice % 20
    if kind == 0:
        return email.upper()
    if kind == 1:
        return email.title()
    if kind == 2:
        return email + " "
    return email[0].upper() + email[1:] if kind in (3, 4) else email


def phone(rng: random.Random) -> str:
    """A mobile number in one of the notations that the old form let through; '' is none."""
    kind, middle, last = rng.random(), int(rng.random() * 10_000), int(rng.random() * 10_000)
    if kind < 0.6:
        return f"010-{middle:04d}-{last:04d}"
    if kind < 0.85:
        return f"010{middle:04d}{last:04d}"
    return f"010 {middle:04d} {last:04d}" if kind < 0.95 else ""
