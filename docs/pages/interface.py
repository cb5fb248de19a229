"""The public names of `changeover.mapping` as Markdown: signatures and docstrings as they stand in the code."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

import changeover.mapping


def api(name: str) -> str:
    """A name's signature and docstring."""
    thing: Any = getattr(changeover.mapping, name)
    return f"```text\n{_signature(name, thing)}\n```\n\n{markdown(inspect.getdoc(thing) or '')}"


def api_table(*names: str) -> str:
    """Names with the first sentence of each, for what is rarely written by hand."""
    rows = [f"| `{name}` | {_first(getattr(changeover.mapping, name))} |" for name in names]
    return "\n".join(["| name | what it is |", "| --- | --- |", *rows])


def markdown(doc: str) -> str:
    """A docstring's words as Markdown: sections become bold words, their indented entries a list."""
    made: list[str] = []
    for paragraph in doc.split("\n\n"):
        lines = paragraph.split("\n")
        heading = re.match(r"(Parameters|Returns|Raises|Yields):(.*)", lines[0])
        if heading and len(lines) > 1 and lines[1].startswith(" "):
            made.append(f"**{heading[1]}**{heading[2]}")
            made.append("\n".join(_entries(lines[1:])))
        else:
            made.append(
                re.sub(
                    r"^(Parameters|Returns|Raises|Yields):", r"**\1:**", "\n".join(lines), flags=re.MULTILINE
                )
            )
    return re.sub(r"``(.+?)``", r"`\1`", "\n\n".join(made))


def _entries(lines: list[str]) -> list[str]:
    indent = len(lines[0]) - len(lines[0].lstrip())
    made: list[str] = []
    for line in lines:
        name, colon, said = line.strip().partition(":")
        if len(line) - len(line.lstrip()) == indent and colon:
            made.append(f"- {', '.join(f'`{word.strip()}`' for word in name.split(','))}:{said}")
        elif len(line) - len(line.lstrip()) == indent:
            made.append(line.strip())
        else:
            made.append(f"  {line.strip()}")
    return made


def _signature(name: str, thing: Any) -> str:
    parameters = list(inspect.signature(thing).parameters.values())
    shown = [_parameter(thing, parameter) for parameter in parameters]
    if any(p.kind is p.KEYWORD_ONLY for p in parameters) and not any(
        p.kind is p.VAR_POSITIONAL for p in parameters
    ):
        shown.insert(next(n for n, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY), "*")
    joined = f"{name}({', '.join(shown)})"
    return joined if len(joined) <= 100 else f"{name}(\n" + "".join(f"    {one},\n" for one in shown) + ")"


def _parameter(thing: Any, parameter: inspect.Parameter) -> str:
    star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    annotation = str(parameter.annotation).strip("'\"").replace("sa.", "").replace("[Any]", "")
    if parameter.default is parameter.empty:
        return f"{star}{parameter.name}: {annotation}"
    return f"{parameter.name}: {annotation} = {_default(thing, parameter)}"


def _default(thing: Any, parameter: inspect.Parameter) -> str:
    if dataclasses.is_dataclass(thing):
        field = next((f for f in dataclasses.fields(thing) if f.name == parameter.name), None)
        if field is not None and field.default_factory is not dataclasses.MISSING:
            return repr(field.default_factory())
    return f"{parameter.default!r}"


def _first(thing: Any) -> str:
    members = getattr(thing, "__args__", None)
    if members:
        return "Any of " + ", ".join(f"`{member.__name__}`" for member in members) + "."
    text = markdown((inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " "))
    return text.split(". ")[0].rstrip(".") + "."
