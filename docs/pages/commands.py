"""The command line as Markdown: what `--help` says, from the declarations that it is made of."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal, get_args, get_origin

import typer.main

from changeover.cli import app


def command(*path: str) -> str:
    """A command's usage, help and options; ``changeover`` itself without a path, ``rejects retry`` for its subcommand."""
    found: Any = typer.main.get_command(app)
    for name in path:
        found = found.commands[name]
    parameters: list[Any] = [p for p in found.params if p.name != "help" and not getattr(p, "hidden", False)]
    usage = " ".join(["changeover", *path, *_usage(found, parameters)])
    parts = [
        f"```text\n{usage}\n```",
        *_paragraphs(str(found.help or "")),
        _options(parameters),
        _commands(found),
    ]
    return "\n\n".join(part for part in parts if part)


def _usage(found: Any, parameters: list[Any]) -> list[str]:
    words = ["[OPTIONS]"] if any(p.param_type_name == "option" for p in parameters) else []
    words += [f"[{p.metavar}]..." for p in parameters if p.param_type_name == "argument"]
    return [*words, *(["COMMAND"] if getattr(found, "commands", None) else [])]


def _paragraphs(text: str) -> list[str]:
    made: list[str] = []
    for paragraph in text.replace("\\[", "[").split("\n\n"):
        plain = paragraph.strip("\n")
        made.append(
            f"```text\n{_dedented(plain)}\n```" if plain.startswith(" ") else plain.replace("<", r"\<")
        )
    return made


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.split("\n"))


def _options(parameters: list[Any]) -> str:
    rows = [f"| {_spelled(p)} | {(p.help or '').replace('|', chr(92) + '|')} |" for p in parameters]
    return "\n".join(["| | |", "| --- | --- |", *rows]) if rows else ""


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    value = (
        ""
        if parameter.is_flag
        else parameter.metavar or "\\|".join(_choices(parameter.type_descriptor.annotation))
    )
    return ", ".join(f"`{name}`" for name in names) + (f" {value}" if value else "")


def _choices(annotation: Any) -> list[str]:
    """The words that an option takes."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    return [word for part in get_args(annotation) for word in _choices(part)]


def _commands(found: Any) -> str:
    commands: dict[str, Any] = getattr(found, "commands", {})
    if not commands:
        return ""
    rows = [
        f"| `{name}` | {str(commands[name].help or '').split(chr(10))[0]} |"
        for name in found.list_commands(None)
    ]
    return "\n".join(["| command | |", "| --- | --- |", *rows])
