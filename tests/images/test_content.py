"""Only images are taken, whatever they are called: whole ones, of an allowed kind, within bounds."""

from __future__ import annotations

import contextlib
import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from changeover.images.content import NotTaken, check, kind_of
from changeover.images.gif import canvas
from changeover.images.image import KINDS, Kind, Rules
from tests.images.pictures import SVG, animation, noise, picture

ALL = Rules(kinds=KINDS)
RASTER: tuple[Kind, ...] = ("jpeg", "png", "webp", "gif", "avif", "bmp")


def refused(body: bytes, rules: Rules = ALL) -> str:
    with pytest.raises(NotTaken) as found:
        check(body, rules)
    return found.value.reason


@pytest.mark.parametrize("kind", RASTER)
def test_each_kind_is_told_by_its_content(kind: Kind) -> None:
    body = picture(kind)
    found = check(body, ALL)
    assert (found.kind, found.width, found.height) == (kind, 40, 30)
    assert found.body is body


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_not_allowed_is_refused(kind: Kind) -> None:
    others: tuple[Kind, ...] = tuple(other for other in KINDS if other != kind)
    assert refused(picture(kind), Rules(kinds=others)) == "kind"


@pytest.mark.parametrize("kind", RASTER)
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.98])
def test_a_truncated_file_is_found(kind: Kind, part: float) -> None:
    body = picture(kind, size=(200, 150))
    assert refused(body[: int(len(body) * part)]) in ("broken", "no image")


def test_a_truncated_progressive_jpeg_is_found() -> None:
    out = BytesIO()
    noise(1, (300, 200)).save(out, "JPEG", progressive=True)
    body = out.getvalue()
    assert check(body, ALL).kind == "jpeg"
    assert refused(body[: len(body) // 2]) == "broken"


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_that_ends_in_its_last_frame_is_found(kind: str) -> None:
    body = animation(kind, 6)
    assert check(body, ALL).kind == kind
    assert refused(body[: len(body) * 95 // 100]) == "broken"


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_animations_are_bounded_by_frames_and_by_their_pixels_together(kind: str) -> None:
    body = animation(kind, 30)
    assert refused(body, Rules(max_frames=29)) == "too many pixels"
    assert refused(body, Rules(max_pixels=20 * 20 * 2)) == "too many pixels"
    assert check(body, Rules(max_pixels=20 * 20 * 3, max_frames=30)).kind == kind


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it has so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    assert refused(png_bomb(side, side)) == "too many pixels"


def test_pixels_are_bounded_exactly() -> None:
    body = picture("png", size=(40, 30))
    assert check(body, Rules(max_pixels=1200)).width == 40
    assert refused(body, Rules(max_pixels=1199)) == "too many pixels"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no image"),
        (b"<!DOCTYPE html><html><body>404", "no image"),
        (b"\xef\xbb\xbf\r\n<HTML>", "no image"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html/>", "no image"),
        (b"Not found", "no image"),
        (b'{"error": "gone"}', "no image"),
        ("이미지가 없습니다".encode(), "no image"),
        (b"\x7fELF\x02\x01\x01\x00\x80\x81", "no image"),
        (b"%PDF-1.7", "kind"),
        (b"II*\0\x10\0\0\0", "kind"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "kind"),
        (b"\xff\xd8\xff", "broken"),
        (b"\xff\xd8\xff\xe0" + b"<html>" * 10, "broken"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (b"GIF89a", "broken"),
        (b"RIFF\xff\xff\xff\xffWEBPVP8 ", "broken"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    assert refused(body) == reason


def test_a_png_that_carries_a_page_is_what_its_bytes_say() -> None:
    assert kind_of(picture("png") + b"<html>") == "png"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(RASTER), st.integers(0, 10**6), st.integers(0, 255))
def test_a_damaged_file_is_taken_or_refused_and_nothing_else(kind: Kind, place: int, value: int) -> None:
    body = bytearray(picture(kind))
    body[place % len(body)] = value
    with contextlib.suppress(NotTaken):
        assert check(bytes(body), ALL).kind in KINDS


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"BM", b"\x89PNG\r\n\x1a\n", b"RIFF", b"<svg "]),
    st.binary(),
)
def test_any_bytes_are_taken_or_refused_and_nothing_else(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(NotTaken):
        check(start + rest, ALL)


def test_an_svg_is_refused_by_choice() -> None:
    assert refused(SVG, Rules(svg="refuse")) == "svg"
    assert check(SVG, Rules()).media_type == "image/svg+xml"


def test_decoding_asks_no_plugin_but_that_of_the_kind() -> None:
    """An EPS or another exotic format behind a known start is not handed to its decoder."""
    Image.init()
    body = b"\x89PNG\r\n\x1a\n" + b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    assert refused(body) == "broken"


def beyond(size: tuple[int, int]) -> bytes:
    """A GIF of one pixel whose second frame has another size."""
    one, other = (picture("gif", size=s) for s in ((1, 1), (2, 2)))
    head = 13 + (3 * (2 << (one[10] & 7)) if one[10] & 0x80 else 0)
    second = bytearray(other[13 + (3 * (2 << (other[10] & 7)) if other[10] & 0x80 else 0) : -1])
    second[second.index(b",") + 5 : second.index(b",") + 9] = struct.pack("<HH", *size)
    return one[:head] + one[head:-1] + bytes(second) + b";"


def test_a_frame_beyond_a_gifs_own_size_counts() -> None:
    assert canvas(beyond((300, 200))) == (300, 200)
    assert canvas(picture("gif")) == (40, 30)
    assert refused(beyond((12_000, 12_000)), Rules()) == "too many pixels"
    assert refused(beyond((7_000, 7_000)), Rules(max_pixels=40_000_000)) == "too many pixels"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_the_size_of_a_broken_gif_is_found_as_far_as_it_goes(rest: bytes) -> None:
    for body in (b"GIF89a" + rest, picture("gif")[:40] + rest):
        assert all(side >= 0 for side in canvas(body))


def test_a_jpeg_of_many_scans_is_refused() -> None:
    out = BytesIO()
    noise(1, (40, 30)).save(out, "JPEG", progressive=True)
    body = out.getvalue()
    assert check(body, ALL).kind == "jpeg"
    last = body.rindex(b"\xff\xda")
    assert refused(body[:-2] + body[last:-2] * 100 + b"\xff\xd9") == "too many pixels"
