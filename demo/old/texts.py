"""Longer texts: descriptions in the HTML that shop editors leave behind, posts, comments, addresses, names."""

from __future__ import annotations

import random

from demo.old import words
from demo.old.dirt import awkward
from demo.old.sample import pick

STYLED = '<p style="line-height:1.8;font-family:\'돋움\',dotum,sans-serif"><span style="font-size:12pt">'


def html(rng: random.Random, paragraphs: int, images: tuple[str, ...] = ()) -> str:
    """A description of `paragraphs` paragraphs with the images between them; about 350 bytes a paragraph."""
    parts: list[str] = ['<div class="detail" align=center>\r\n']
    for n in range(paragraphs):
        parts.append(f"{STYLED}{prose(rng, 3)}</span></p>\r\n")
        if n < len(images):
            parts.append(f"<img src='{images[n]}' border=0 alt=\"상세 {n + 1}\"><br>\r\n")
    if rng.random() < 0.08:
        parts.append(f"<!-- {awkward(rng)} -->\t{awkward(rng)}&nbsp;")
    parts.append("</div>")
    return "".join(parts)


def prose(rng: random.Random, sentences: int) -> str:
    """`sentences` sentences, now and then an awkward one."""
    text = " ".join(pick(rng, words.SENTENCES) for _ in range(sentences))
    return f"{text} {awkward(rng)}" if rng.random() < 0.02 else text


def goods_name(rng: random.Random, number: int) -> str:
    """A product's name; seldom with an emoji or spaces around it."""
    name = f"{pick(rng, words.ADJECTIVES)} {pick(rng, words.GOODS)} {number % 97 + 1}호"
    kind = rng.random()
    if kind < 0.03:
        return f"🔥{name}🔥 무료배송"
    return f" {name}  " if kind < 0.06 else name


def address(rng: random.Random) -> tuple[str, str]:
    """The two lines of an address; the second may be empty."""
    first = f"{pick(rng, words.CITIES)} {pick(rng, words.STREETS)} {int(rng.random() * 300) + 1}"
    flat = int(rng.random() * 40)
    return first, f"{flat + 1}동 {flat * 7 % 20 + 1}03호" if flat < 30 else ""


def postal_code(rng: random.Random) -> str:
    """The five digits of today, the six with a hyphen of before 2015, or nothing."""
    kind, number = rng.random(), int(rng.random() * 60_000) + 1_000
    if kind < 0.6:
        return f"{number:05d}"
    return f"{number % 900 + 100:03d}-{number % 900 + 50:03d}" if kind < 0.97 else ""


def nick(rng: random.Random, number: int) -> str:
    """A nickname, some with an emoji."""
    return f"{pick(rng, words.NICKS)}{number % 1000}"
