"""What is found of a table beside its ranges: rows that no root leads to, which are of no range."""

WHOLE, WHOLE_TABLE = 0, "whole-table"
"""Its number and its name where a range's would stand. No range has them: they are numbered from 1 on."""
