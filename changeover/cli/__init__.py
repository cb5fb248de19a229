"""The ``changeover`` command: check, plan, backfill, look at progress and rejects, without Dagster.

What holds always: stdout carries the answer (with ``--json``, one document and nothing else), stderr everything on the
way to it. Exit code 0 means that what the command claims is so; see `outcome.Code` for the others. No password and,
unless ``--values`` asks for it, no value of a row is ever shown. Commands translate between words and engine calls:
what is moved, and how, is decided elsewhere.
"""

from changeover.cli.app import app

__all__ = ["app"]
