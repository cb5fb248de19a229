"""Capture: triggers that note changed keys in the old database, and the live sync that applies them to the new one.

What holds always:

- An entry is written in the application's own transaction, and holds keys only. What a row says is read when it is applied.
- Triggers stand on every table that a mapping reads before the first chunk is read: what changes after that has an entry.
- An applier holds the locks of its targets alone from before it reads the old rows until its transaction has committed. It deletes
  the entries it read only after that, so a crash applies them twice, never not at all.
- What row triggers can't see (a truncated table, a trigger that was dropped, an altered table) turns the table to *broken*, and is
  never passed over.
- Direct mode writes target rows from triggers, beside the entry and never in its place: it holds no lock, so only the entry makes
  good what a copier that read the row earlier writes over it. Nothing that goes wrong in it is the application's.

It must not know Dagster, and its programs write target rows only through `changeover.transfer.apply`.
"""
