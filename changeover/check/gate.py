"""What stands before planning and copying: nothing begins on mappings that `check` finds errors in."""

from __future__ import annotations

from collections.abc import Collection

from changeover.check.check import check
from changeover.errors import MappingError
from changeover.project import Project

SHOWN = 10


def refuse_errors(project: Project, names: Collection[str], *, instead: str) -> None:
    """Raises MappingError, naming the first errors of the mappings ``names``, or of the databases, that `changeover check` finds.

    Only schemas are looked at. Parameters: ``instead`` is what to give to begin all the same.
    """
    found = check(project.registry, project.old, project.new, scan=False)
    errors = [f for f in found if f.severity == "error" and (f.mapping is None or f.mapping in names)]
    if not errors:
        return
    lines = [
        f"  [{f.rule}] {f'{f.place}: ' if str(f.place) else ''}{f.message}; {f.remedy}"
        for f in errors[:SHOWN]
    ]
    if len(errors) > SHOWN:
        lines.append(f"  … and {len(errors) - SHOWN} more")
    counted = "an error" if len(errors) == 1 else f"{len(errors)} errors"
    raise MappingError(
        f"`changeover check` finds {counted}, and nothing was begun:\n" + "\n".join(lines) + "\n"
        f"mend them, or begin all the same with {instead}: what is moved may then be wrong, rejected or fail half way"
    )
