"""A block is measured without taking it apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from changeover.dialects.block import Block, encode

texts = st.none() | st.text(alphabet="\\\t\n\rNtnr'é한") | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=20))
def test_a_block_has_as_many_bytes_and_nulls_as_its_texts(rows: list[list[str | None]]) -> None:
    block = Block(b"\n".join(b"\t".join(map(encode, row)) for row in rows), len(rows))
    fields = [text for row in rows for text in row]
    octets = sum(len(text.encode()) for text in fields if text is not None)
    assert block.measure(3) == (octets, fields.count(None))


def test_an_empty_block_has_nothing() -> None:
    assert Block(b"", 0).measure(3) == (0, 0)
