"""Paging by key: which columns, how a key is written down, how a table is cut into ranges, how a range is walked.

What holds always: ranges are half-open ``(lower, upper]`` and cover the whole key space up to the last upper key; the first is
open below. A key is only ever compared by the database that owns it; here it is text to be handed back.
"""
