"""What is checked of a migrated table: of each partition while it is copied, and of the whole table when compared."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

import dagster as dg

from assets.keys import new_key

NO_REJECTS = "no_rejects"
ROWS_ACCOUNTED_FOR = "rows_accounted_for"
SAME_AS_OLD = "same_as_old"
COMPARE_JOB = "compare_tables"
"""The job that evaluates `SAME_AS_OLD`."""
NO_DRIFT = "no_drift"
ALL_VERIFIED = "all_verified"

_DESCRIPTIONS = {
    NO_REJECTS: "Every row of the key range could be converted and stored. One that could not waits in the ledger "
    "with its key, column and reason (`changeover rejects`). Rejected images are counted by the check of their image set, and of "
    f"the whole table by `{NO_DRIFT}`.",
    ROWS_ACCOUNTED_FOR: "No row that was read from the key range is lost on the way, and none is counted twice: inserted, updated, "
    "unchanged and rejected rows are together exactly the rows due. Due is a row for each row read and each new table whose filter "
    "lets it pass, and one for each old row that is gone and whose new row other rows still refer to.",
}


def partition_checks(key: dg.AssetKey, partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """The checks that the copying step evaluates for each of its partitions.

    Checks of partitions are a preview in Dagster: this is the only place that declares them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(name, asset=key, partitions_def=partitions, description=text)
            for name, text in _DESCRIPTIONS.items()
        ]


def partition_evaluation(
    key: dg.AssetKey,
    name: str,
    partition: str,
    *,
    passed: bool,
    description: str,
    metadata: dict[str, dg.MetadataValue],
) -> dg.AssetCheckEvaluation:
    """What a partition's check found. Counterpart of `partition_checks`."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=name,
        passed=passed,
        partition=partition,
        description=description,
        metadata=metadata,
    )


def not_compared(
    context: dg.AssetExecutionContext, targets: Iterable[str]
) -> Iterator[dg.AssetCheckEvaluation]:
    """Say of the tables that a run copied that nobody has compared them since, if the run was to check that as well.

    Who launches a table without naming checks launches all of them. The step that compares is skipped then: it stands behind a
    step that yields no output for a table, whose partitions it tells of one by one. A check that was planned and not evaluated
    would be shown as skipped, whatever is known of it.
    """
    planned = context.job_def.asset_layer.asset_graph.asset_check_keys
    for key in (new_key(target) for target in targets):
        if dg.AssetCheckKey(key, SAME_AS_OLD) in planned:
            yield dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=SAME_AS_OLD,
                passed=False,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"Not compared since run {context.run_id} copied rows: launch the job `{COMPARE_JOB}`.",
            )


def check_outputs(specs: list[dg.AssetCheckSpec]) -> list[dg.Output[None]]:
    """What a step that logged its evaluations itself must yield for each check, so that Dagster asks for no more."""
    return [dg.Output(None, output_name=spec.get_python_identifier()) for spec in specs]
