"""SVG is a program as well as a picture: what is kept of one is what draws, and nothing that runs, fetches or leads away.

The rule is a list of what is kept, so that what nobody thought of is left out.
"""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree as ET

import defusedxml
import defusedxml.ElementTree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)

DEEPEST, MOST_ELEMENTS = 100, 100_000
"""Elements within each other, and in all: more than any drawing has, less than what makes a reader's stack or memory give out."""
_MOST_SIGNS = ((b"<", 3 * MOST_ELEMENTS), (b"=", 10 * MOST_ELEMENTS))
"""What so many elements are written with, their ends and comments included, and their attributes: counted before a tree is made of
them, which takes thirty times the bytes."""

_KEPT = frozenset(
    """svg g defs symbol use title desc metadata switch path rect circle ellipse line polyline polygon text tspan textPath
    linearGradient radialGradient stop pattern clipPath mask marker image style view
    filter feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
    feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology
    feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence""".split()
)
_UNWRAPPED = frozenset(("a",))  # what a link holds is drawn; where it leads is not kept
_WITHIN = re.compile(r"#[\w.:\-]+\Z")
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+\Z")
_LEADING_OUT = re.compile(
    r"url\s*\(\s*(?!['\"]?\s*#)|@import|@namespace|expression\s*\(|javascript\s*:|-moz-binding|behavior\s*:|image-set|src\s*\(|[\\<]|&",
    re.IGNORECASE,
)
# One that is never closed reaches to the end, as in CSS: a text that opens many is gone through once.
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_START = re.compile(
    # No comment holds its own end: there is one way to read a start, so that no page of many comments takes for ever.
    rb"(\xef\xbb\xbf)?\s*(<!--(?:(?!-->).)*-->\s*|<\?(?:(?!\?>).)*\?>\s*)*(<!DOCTYPE\s+svg|<(\w+:)?svg[\s/>])",
    re.DOTALL | re.IGNORECASE,
)
_LENGTH = re.compile(r"\s*(\d{1,9}(?:\.\d+)?)\s*(px)?\s*\Z")


class Unclean(Exception):
    """An SVG that can't be made clean, or is none. ``reason`` is for `Refused`."""

    def __init__(self, reason: Literal["svg", "broken"], detail: str) -> None:
        super().__init__(detail)
        self.reason: Literal["svg", "broken"] = reason


def looks_like(body: bytes) -> bool:
    """Whether bytes begin as an SVG does."""
    return _START.match(body[:8_192]) is not None


def sanitised(body: bytes) -> tuple[bytes, int | None, int | None]:
    """An SVG with nothing in it but what draws; its width and height in pixels, where it says so. The same bytes give the same.

    Raises: Unclean.
    """
    if any(body.count(sign) > most for sign, most in _MOST_SIGNS):
        raise _too_many()
    try:
        root = defusedxml.ElementTree.fromstring(
            body, forbid_dtd=False, forbid_entities=True, forbid_external=True
        )
    except (defusedxml.EntitiesForbidden, defusedxml.ExternalReferenceForbidden):
        raise Unclean("svg", "it declares entities, which could fetch or expand to anything") from None
    except (ET.ParseError, ValueError, LookupError):
        raise Unclean("broken", "it is no well-formed XML") from None
    if root.tag != f"{{{SVG}}}svg":
        raise Unclean("broken", "its root is no svg element of SVG's namespace")
    _bounded(root)
    clean = _element(root)
    width, height = _size(clean)
    return ET.tostring(clean, encoding="utf-8", xml_declaration=False), width, height


def _bounded(root: ET.Element) -> None:
    level, seen = [root], 0
    for _ in range(DEEPEST):
        if not level:
            return
        seen += len(level)
        if seen > MOST_ELEMENTS:
            raise _too_many()
        level = [child for element in level for child in element]
    raise Unclean("svg", f"its elements are more than {DEEPEST} deep")


def _too_many() -> Unclean:
    return Unclean(
        "svg", f"it has more than {MOST_ELEMENTS:,} elements, or as many as so many have attributes"
    )


def _element(given: ET.Element) -> ET.Element:
    clean = ET.Element(given.tag, _attributes(given))
    clean.text, clean.tail = given.text, given.tail
    for child in given:
        _add(clean, child)
    return clean


def _add(parent: ET.Element, child: ET.Element) -> None:
    name = _local(child)
    if name in _UNWRAPPED:
        wrapped = ET.Element(f"{{{SVG}}}g", _attributes(child))
        wrapped.text, wrapped.tail = child.text, child.tail
        for inner in child:
            _add(wrapped, inner)
        parent.append(wrapped)
    elif name == "metadata" or name not in _KEPT or (name == "style" and _leads_out(child.text or "")):
        _keep_tail(parent, child.tail)
    elif name == "style":
        parent.append(_style(child))
    else:
        parent.append(_element(child))


def _style(given: ET.Element) -> ET.Element:
    """A style sheet's text, without whatever elements somebody put between it."""
    clean = ET.Element(given.tag, _attributes(given))
    clean.text, clean.tail = given.text, given.tail
    return clean


def _keep_tail(parent: ET.Element, tail: str | None) -> None:
    if not tail or not tail.strip():
        return
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail


def _local(element: ET.Element) -> str:
    """The name of an element of SVG; the empty string for any other, and for comments."""
    tag = str(element.tag)  # a comment's is a function
    return tag.removeprefix(f"{{{SVG}}}") if tag.startswith(f"{{{SVG}}}") else ""


def _attributes(element: ET.Element) -> dict[str, str]:
    return {name: value for name, value in element.attrib.items() if _is_harmless(element, name, value)}


def _is_harmless(element: ET.Element, name: str, value: str) -> bool:
    if name in ("href", f"{{{XLINK}}}href"):
        target = value.strip()
        return bool(_WITHIN.match(target) or (_local(element) == "image" and _PICTURE.match(target)))
    if name.startswith("{"):
        return name == f"{{{_XML}}}space"
    if name.lower().startswith("on") or name in ("src", "base", "ping", "target"):
        return False
    return not _leads_out(value)


def _leads_out(text: str) -> bool:
    return _LEADING_OUT.search(_COMMENT.sub("", text)) is not None


def _size(root: ET.Element) -> tuple[int | None, int | None]:
    width, height = (_LENGTH.match(root.get(name, "")) for name in ("width", "height"))
    if width and height:
        return round(float(width[1])), round(float(height[1]))
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if len(box) == 4 and all(_LENGTH.match(part) for part in box[2:]):
        return round(float(box[2])), round(float(box[3]))
    return None, None
