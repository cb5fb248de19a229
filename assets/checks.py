"""The checks of a migrated table. Each states the table as a whole, whoever evaluates it; the partitions' shares are metadata."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

NO_REJECTS = "no_rejects"
ROWS_ACCOUNTED_FOR = "rows_accounted_for"
SAME_AS_OLD = "same_as_old"
VERIFY_JOB = "verify_tables"
"""The job that compares, and so turns `SAME_AS_OLD` green or red."""

COPY_DESCRIPTIONS = {
    NO_REJECTS: "Every row of the table could be converted and stored. One that could not waits in the ledger "
    "with its key, column and reason (`changeover rejects`). Rejected images are counted by the check of their image set, and by "
    f"`{SAME_AS_OLD}`.",
    ROWS_ACCOUNTED_FOR: "No row that was read is lost on the way, and none is counted twice: inserted, updated, "
    "unchanged and rejected rows are together exactly the rows due. Due is a row for each row read and each new table whose filter "
    "lets it pass, and one for each old row that is gone and whose new row other rows still refer to.",
}
SAME_AS_OLD_DESCRIPTION = (
    "Every row of the new table equals what its old rows say; none is missing, none is left over. Red: rows were found that "
    "differ, or a partition failed. A warning: something is not compared since it was copied, or is rejected, "
    "or keeps an old URL whose image is. "
    f"The job `{VERIFY_JOB}` compares."
)


def copy_checks(keys: Iterable[dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    """The checks that a step which copies these tables evaluates."""
    return [
        dg.AssetCheckSpec(name, asset=key, description=text)
        for key in keys
        for name, text in COPY_DESCRIPTIONS.items()
    ]


def same_as_old_checks(keys: Iterable[dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    """The checks that a step which compares these tables evaluates."""
    return [dg.AssetCheckSpec(SAME_AS_OLD, asset=key, description=SAME_AS_OLD_DESCRIPTION) for key in keys]


def check_outputs(specs: Iterable[dg.AssetCheckSpec]) -> list[dg.Output[None]]:
    """What a step that logged its evaluations itself must yield for each check, so that Dagster asks for no more."""
    return [dg.Output(None, output_name=spec.get_python_identifier()) for spec in specs]
