"""`changeover check`: what is wrong with the mappings, all of it at once, before a row is moved.

One rule is one file in ``rules``, named as its findings are. A rule looks at declarations and live schemas,
asks the databases questions that change nothing, and yields findings; it raises nothing for a mapping that is
wrong, however wrong it is. What binding a mapping would refuse is an error here: rules call the same pieces
of `changeover.binding`, and `mapping-refused` reports what no rule knows.
"""

from changeover.check.check import check, refusal
from changeover.check.finding import Finding, Severity
from changeover.check.gate import refuse_errors
from changeover.check.rules import GROUPS, RULES

__all__ = ["GROUPS", "RULES", "Finding", "Severity", "check", "refusal", "refuse_errors"]
