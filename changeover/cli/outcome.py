"""How a command ends: its exit code, and one message in the place of a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import typer
from sqlalchemy.exc import DBAPIError
from typer.core import TyperGroup

from changeover.check.privileges import is_denied
from changeover.check.probe import words
from changeover.cli import output
from changeover.dialects import of
from changeover.errors import (
    ChangeoverError,
    ConfigurationError,
    ConnectionRefused,
    LedgerMissing,
    MappingError,
)
from changeover.settings import mask, read_env_file

_ORDER = (
    "check",
    "plan",
    "backfill",
    "sync",
    "status",
    "rejects",
    "verify",
    "resync",
    "images",
    "grants",
    "upgrade",
)
_DRIVERS = {"pymysql": "mysql", "psycopg": "postgresql", "sqlite3": "sqlite"}
_ROOT = Path(__file__).parents[2]
_NOTHING_TRIED = (ConfigurationError, ConnectionRefused, LedgerMissing, MappingError)


class Code(IntEnum):
    """Exit codes."""

    OK = 0
    """What the command claims is so."""
    FINDINGS = 1
    """It ran to its end, and something is to be looked at: errors in a mapping, failed ranges, rejects."""
    USAGE = 2
    """Usage or configuration: nothing was tried."""
    BROKEN = 3
    """It could not run to its end, for a reason that is none of the above."""
    INTERRUPTED = 130
    """Ctrl-C: what was committed stays, and the command goes on from there when it is given again."""
    UNREAD = 141
    """Whoever read stdout went away before all of the answer was written, as in ``| head``; a shell says so of SIGPIPE."""


@dataclass
class Invocation:
    """What the options that every command takes have said."""

    json: bool = False
    debug: bool = False
    words: tuple[str, ...] = ()


def invocation(context: typer.Context) -> Invocation:
    """Those of the running command."""
    root = context.find_root()
    if not isinstance(root.obj, Invocation):
        root.obj = Invocation()
    return root.obj


def end(code: Code) -> None:
    """Leave with ``code``. Raises: typer.Exit, unless it is OK."""
    if code is not Code.OK:
        raise typer.Exit(int(code))


class Commands(TyperGroup):
    """The commands, with one way to fail: a message on stderr, with ``--json`` also as a document on stdout."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which they are used."""
        return sorted(
            super().list_commands(ctx), key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)
        )

    def main(self, *args: Any, **named: Any) -> Any:
        """Run as a program. What a terminal has no character for is shown as ``?``, and ends nothing."""
        output.forgive()
        return super().main(*args, **named)

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **named: Any) -> Any:
        """See `_usage`."""
        with _usage(args, None):
            return super().make_context(info_name, args, *more, **named)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember the words: an option that is wrong keeps those beside it from being heard."""
        invocation(ctx).words = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises: typer.Exit with the code that its error means."""
        try:
            read_env_file()
            with _usage(invocation(ctx).words, ctx):
                answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer
        except KeyboardInterrupt:
            output.say("stopped")
            raise typer.Exit(int(Code.INTERRUPTED)) from None
        except BrokenPipeError:
            # What is left in the buffer would be tried again at the interpreter's end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(int(Code.UNREAD)) from None
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:  # noqa: BLE001 - the last place where an error can become a message
            raise typer.Exit(int(_report(error, ctx))) from None


@contextmanager
def _usage(words: Sequence[str], context: Any) -> Generator[None]:
    """A word that the program doesn't know, as a document where one was asked for; the message itself is typer's."""
    try:
        yield
    except typer.TyperException as error:
        if "--json" in words:
            name = context.invoked_subcommand if context is not None else None
            shown = {"kind": type(error).__name__, "message": error.format_message()}
            output.document({"command": name, "ok": False, "error": shown})
        raise


def _refusal(error: DBAPIError) -> str:
    """A database's error without its own text, which may hold values of rows."""
    family = _DRIVERS.get(type(error.orig).__module__.partition(".")[0])
    return of(sa.URL.create(family)).explain(error) if family else type(error.orig).__name__


def _place(error: Exception) -> str:
    """``file:line`` of this project that raised, or where it began."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if _ROOT in Path(frame.filename).parents and ".venv" not in frame.filename
    ]
    frame = (own or frames)[-1]
    file = Path(frame.filename)
    return f"{file.relative_to(_ROOT) if file.is_relative_to(_ROOT) else file.name}:{frame.lineno}"


def _report(error: Exception, context: typer.Context) -> Code:
    asked = invocation(context)
    # Before a command's own options were read, its words are all there is to go by.
    json, debug = asked.json or "--json" in asked.words, asked.debug or "--debug" in asked.words
    if debug:
        output.say(mask("".join(traceback.format_exception(error))).rstrip())
    if isinstance(error, ChangeoverError):
        message = mask(str(error))
        code = Code.USAGE if isinstance(error, _NOTHING_TRIED) else Code.FINDINGS
    elif isinstance(error, DBAPIError) and is_denied(error):
        message = f"a database refuses: {mask(words(error))}; `changeover grants` prints the rights that its account needs"
        code = Code.USAGE
    else:
        # Its text may hold a row's value, as any error's of Python may that was given one.
        reason = _refusal(error) if isinstance(error, DBAPIError) else f"raised in {_place(error)}"
        message = f"{type(error).__name__}: {mask(reason)}"
        code = Code.BROKEN
        if not debug:
            message += "\nThis was not expected; --debug shows where it happened."
    output.say(f"error: {message}")
    if json:
        name = context.invoked_subcommand
        output.document(
            {"command": name, "ok": False, "error": {"kind": type(error).__name__, "message": message}}
        )
    return code
