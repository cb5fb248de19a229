"""What is checked of a migrated table: of each partition while it is copied, and of the whole table when compared."""

from __future__ import annotations

import warnings

import dagster as dg

NO_REJECTS = "no_rejects"
ROWS_ACCOUNTED_FOR = "rows_accounted_for"
SAME_AS_OLD = "same_as_old"
NO_DRIFT = "no_drift"
ALL_VERIFIED = "all_verified"

_DESCRIPTIONS = {
    NO_REJECTS: "Every row of the key range could be converted and stored. One that could not waits in the ledger "
    "with its key, column and reason (`changeover rejects`).",
    ROWS_ACCOUNTED_FOR: "No row that was read from the key range is lost on the way: each was inserted, updated, "
    "found right, or rejected.",
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


def check_outputs(specs: list[dg.AssetCheckSpec]) -> list[dg.Output[None]]:
    """What a step that logged its evaluations itself must yield for each check, so that Dagster asks for no more."""
    return [dg.Output(None, output_name=spec.get_python_identifier()) for spec in specs]
