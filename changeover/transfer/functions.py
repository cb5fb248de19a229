"""Columns that Python makes: one call a chunk, and only if it fails, one call a row."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from changeover.binding import Bound
from changeover.binding.bound import PythonColumn
from changeover.dialects import Block
from changeover.errors import MappingError
from changeover.ledger.rejects import Reject
from changeover.mapping import Reject as Refused
from changeover.transfer.unreadable import root_keys, unreadable
from changeover.wording import number


def compute(bound: Bound, block: Block) -> tuple[Block, list[Reject]]:
    """The block with the functions' columns added, without the rows that a function could not do, and those as rejects."""
    if not bound.pythons or not block.rows:
        return block, []
    try:
        return _computed(bound, block)
    except UnicodeDecodeError:
        odd = unreadable(bound, block)
        computed, rejects = _computed(bound, block.without(odd))
        return computed, [*odd.values(), *rejects]


def _computed(bound: Bound, block: Block) -> tuple[Block, list[Reject]]:
    if not block.rows:
        return block, []
    keys = root_keys(bound, block)
    bad: dict[int, Reject] = {}
    added = [_column(bound, column, block, keys, bad) for column in bound.pythons]
    return block.with_columns(added).without(bad), list(bad.values())


def _column(
    bound: Bound, column: PythonColumn, block: Block, keys: list[str], bad: dict[int, Reject]
) -> list[str | None]:
    texts = block.columns(column.inputs)
    inputs: list[list[Any]] = []
    for place, (kind, column_texts) in enumerate(zip(column.kinds, texts, strict=True)):
        values: list[Any] = []
        for row, text in enumerate(column_texts):
            try:
                values.append(None if text is None else kind.parse(text))
            except (ValueError, TypeError, ArithmeticError):
                values.append(None)
                bad.setdefault(
                    row,
                    Reject(keys[row], column.target, "value", f"input {place + 1} is no {kind.name}", text),
                )
        inputs.append(values)
    results = _call(bound, column, inputs, block.rows)
    out: list[str | None] = []
    for row, result in enumerate(results):
        value = texts[0][row]
        if isinstance(result, Refused):
            bad.setdefault(row, Reject(keys[row], column.target, "value", result.reason, value))
            out.append(None)
            continue
        try:
            out.append(None if result is None else column.result.format(result))
        except (ValueError, TypeError, ArithmeticError) as error:
            bad.setdefault(
                row,
                Reject(
                    keys[row],
                    column.target,
                    "value",
                    f"the function's result is no {column.result.name}: {type(error).__name__}",
                    value,
                ),
            )
            out.append(None)
    return out


def _call(bound: Bound, column: PythonColumn, inputs: Sequence[list[Any]], rows: int) -> Sequence[Any]:
    function = column.python.function
    try:
        results = list(function(*inputs))
    except Exception:  # noqa: BLE001 - a user's function may raise anything: find the rows that make it
        return [_call_one(function, [values[row] for values in inputs]) for row in range(rows)]
    if len(results) != rows:
        raise MappingError(
            f"mapping {bound.mapping.name}, column {column.target}: the function was given {number(rows, 'value')} "
            f"and returned {len(results)}; it must return one for each"
        )
    return results


def _call_one(function: Any, values: list[Any]) -> Any:
    try:
        return next(iter(function(*[[value] for value in values])))
    except Exception as error:  # noqa: BLE001 - as above
        return Refused(f"the function raised {type(error).__name__}{_where(error)}")


def _where(error: BaseException) -> str:
    """Where a function failed, by file and line: its message may hold a value."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the call
    return f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
