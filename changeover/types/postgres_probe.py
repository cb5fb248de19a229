"""A PostgreSQL function that tries a cast and never raises: what finds the rows of a chunk that do not fit.

A failing cast ends a transaction, so the predicates of ``Kind.misfits`` can't hold one. Each call costs a
subtransaction, which is why the function is made and used only after a chunk has failed.
"""

from __future__ import annotations

import re

CREATE = """
CREATE OR REPLACE FUNCTION pg_temp.changeover_recast(value text, type_name text) RETURNS text
LANGUAGE plpgsql STABLE AS $probe$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT CAST(CAST($1 AS ' || type_name || ') AS text)' INTO result USING value;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$probe$
"""
"""Creates the function on a connection; ``type_name`` is SQL and never comes from data.

``pg_temp.changeover_recast(value, type_name)`` is the text of ``value`` after a cast to the type and back, NULL if it
can't be cast. It needs the TEMPORARY privilege, as the staging tables do.
"""


def recast(staged: str, type_name: str) -> str:
    """SQL of the staged text after a cast to ``type_name`` and back: NULL when it can't be cast."""
    quoted = type_name.replace("'", "''")
    return f"pg_temp.changeover_recast({staged}, '{quoted}')"


def changes(staged: str, type_name: str) -> str:
    """SQL, never NULL: the staged text can't be cast to the type, or comes back as another text."""
    return f'{recast(staged, type_name)} COLLATE "C" IS DISTINCT FROM {staged}'


def raising(sql: str) -> str:
    """A predicate over variables in which casts may raise: for a function that runs with rights which the session lacks, and so
    must not call one that the session may have made."""
    return _RECAST.sub(lambda found: f"CAST(CAST({found[1]} AS {found[2].replace(_TWO, _ONE)}) AS text)", sql)


_ONE, _TWO = "'", "''"
_RECAST = re.compile(r"pg_temp\.changeover_recast\((\w+), '((?:[^']|'')+)'\)")
