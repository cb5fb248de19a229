"""A running Dagster as its operator has it: everything over GraphQL, nothing from inside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from pipelines.graphql import GraphQL, Repository, expect
from tests.assets.sample.databases import Sample
from tests.dagster_server import DagsterServer

WITHIN = 240.0
"""Seconds that anything may take: the backfill daemon looks every 30 s, and other tests share the machine."""
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


class Live:
    """The server, the sample's databases, and what one can ask or tell Dagster."""

    def __init__(self, server: DagsterServer, sample: Sample) -> None:
        self.server = server
        self.sample = sample
        self.graphql = GraphQL(server.url)

    @cached_property
    def repository(self) -> Repository:
        return self.graphql.repository()

    def until(self, what: str, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds something."""
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.3)
        log = self.server.log.read_text(errors="replace")
        raise AssertionError(f"{what}: not within {WITHIN:.0f} s. The end of Dagster's log:\n{log[-6000:]}")

    # Runs

    def run_job(self, name: str) -> str:
        """Run a job to its end, and say how it ended."""
        return self.ended(self.launch({"jobName": name}))

    def launch(self, selector: dict[str, Any], **tags: str) -> str:
        params = {
            "selector": {**self.repository.selector, **selector},
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        answer = self.graphql.ask(LAUNCH, params=params)["launchPipelineExecution"]
        return str(expect(answer, "LaunchRunSuccess")["run"]["runId"])

    def launch_ranges(self, target: str, keys: Sequence[str]) -> str:
        tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
        return self.launch({"jobName": "__ASSET_JOB", "assetSelection": [{"path": ["new", target]}]}, **tags)

    def ended(self, run_id: str) -> str:
        return str(self.until(f"the end of run {run_id}", lambda: self._if_ended(self.run(run_id)["status"])))

    def run(self, run_id: str) -> dict[str, Any]:
        return dict(expect(self.graphql.ask(RUN, id=run_id)["runOrError"], "Run"))

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        return list(expect(self.graphql.ask(RUNS, filter=filters)["runsOrError"], "Runs")["results"])

    def messages(self, run_id: str) -> list[str]:
        found = self.graphql.ask(MESSAGES, id=run_id)["logsForRun"]
        return [str(event["message"]) for event in found["events"]]

    def worker(self, run_id: str) -> int:
        """The process that works on a run."""

        def pid() -> int | None:
            said = re.search(r"Started process for run \(pid: (\d+)\)", "\n".join(self.messages(run_id)))
            return int(said[1]) if said else None

        return int(self.until(f"a process for run {run_id}", pid))

    def terminate(self, run_id: str) -> None:
        expect(self.graphql.ask(TERMINATE, id=run_id)["terminateRun"], "TerminateRunSuccess")

    def _if_ended(self, status: str) -> str | None:
        return status if status in ENDED else None

    # Backfills

    def backfill(self, *targets: str) -> str:
        """Launch a backfill of all partitions, as the UI's "Materialize all" does."""
        params = {"assetSelection": [{"path": ["new", target]} for target in targets], "allPartitions": True}
        answer = self.graphql.ask(LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]
        return str(expect(answer, "LaunchBackfillSuccess")["backfillId"])

    def re_execute_failures(self, backfill_id: str) -> str:
        params = {"parentRunId": backfill_id, "strategy": "FROM_FAILURE"}
        answer = self.graphql.ask(REEXECUTE_BACKFILL, params=params)["reexecutePartitionBackfill"]
        return str(expect(answer, "LaunchBackfillSuccess")["backfillId"])

    def backfill_ended(self, backfill_id: str) -> str:
        def look() -> str | None:
            found = expect(
                self.graphql.ask(BACKFILL, id=backfill_id)["partitionBackfillOrError"], "PartitionBackfill"
            )
            return (
                str(found["status"])
                if found["status"].startswith(("COMPLETED", "FAILED", "CANCELED"))
                else None
            )

        return str(self.until(f"the end of backfill {backfill_id}", look))

    # Assets

    def keys(self, target: str) -> list[str]:
        return list(self._node(target)["partitionKeys"])

    def partitions(self, target: str) -> dict[str, list[str]]:
        """Partitions by what the UI shows them as: materialized, failed, missing."""
        found = self._node(target)["assetPartitionStatuses"]
        return {
            "materialized": list(found["materializedPartitions"]),
            "failed": list(found["failedPartitions"]),
            "missing": list(found["unmaterializedPartitions"]),
        }

    def numbers(self, target: str, partition: str) -> dict[str, float]:
        """The numbers in the metadata of a partition's latest materialization."""
        found = self._node(target, partition)["latestMaterializationByPartition"][0]
        return {
            entry["label"]: entry.get("intValue", entry.get("floatValue"))
            for entry in found["metadataEntries"]
            if entry["__typename"] in ("IntMetadataEntry", "FloatMetadataEntry")
        }

    def check(self, target: str, name: str) -> dict[str, Any]:
        """How the UI shows a check: its status, and what its evaluation says."""
        found = self.graphql.ask(CHECK, key={"path": ["new", target]})["assetNodeOrError"]
        (check,) = [one for one in found["assetChecksOrError"]["checks"] if one["name"] == name]
        latest = check["executionForLatestMaterialization"] or {}
        return {"status": latest.get("status"), **(latest.get("evaluation") or {})}

    def observations(self, target: str, label: str) -> list[float]:
        """A number in the metadata of a table's observations, oldest first."""
        found = self.graphql.ask(OBSERVATIONS, key={"path": ["new", target]})["assetOrError"][
            "assetObservations"
        ]
        entries = [
            entry for one in reversed(found) for entry in one["metadataEntries"] if entry["label"] == label
        ]
        return [entry.get("intValue", entry.get("floatValue")) for entry in entries]

    def start_sensor(self, name: str) -> None:
        selector = {**self.repository.selector, "sensorName": name}
        expect(self.graphql.ask(START_SENSOR, selector=selector)["startSensor"], "Sensor")

    def _node(self, target: str, partition: str | None = None) -> dict[str, Any]:
        partitions = [partition] if partition else None
        found = self.graphql.ask(ASSET, key={"path": ["new", target]}, partitions=partitions)[
            "assetNodeOrError"
        ]
        return dict(expect(found, "AssetNode"))


ERROR = "... on PythonError { message }"
LAUNCH = f"""mutation ($params: ExecutionParams!) {{ launchPipelineExecution(executionParams: $params) {{ __typename
    ... on LaunchRunSuccess {{ run {{ runId }} }}
    ... on RunConfigValidationInvalid {{ errors {{ message }} }} {ERROR} }} }}"""
RUN = """query ($id: ID!) { runOrError(runId: $id) { __typename
    ... on Run { runId status parentRunId tags { key value } } } }"""
RUNS = """query ($filter: RunsFilter!) { runsOrError(filter: $filter) { __typename
    ... on Runs { results { runId status parentRunId tags { key value } } } } }"""
MESSAGES = """query ($id: ID!) { logsForRun(runId: $id, limit: 1000) {
    ... on EventConnection { events { ... on MessageEvent { message } } } } }"""
TERMINATE = f"""mutation ($id: String!) {{ terminateRun(runId: $id, terminatePolicy: SAFE_TERMINATE) {{ __typename
    ... on TerminateRunFailure {{ message }} {ERROR} }} }}"""
LAUNCH_BACKFILL = f"""mutation ($params: LaunchBackfillParams!) {{ launchPartitionBackfill(backfillParams: $params) {{
    __typename ... on LaunchBackfillSuccess {{ backfillId }} {ERROR} }} }}"""
REEXECUTE_BACKFILL = f"""mutation ($params: ReexecutionParams!) {{
    reexecutePartitionBackfill(reexecutionParams: $params) {{
        __typename ... on LaunchBackfillSuccess {{ backfillId }} {ERROR} }} }}"""
BACKFILL = f"""query ($id: String!) {{ partitionBackfillOrError(backfillId: $id) {{ __typename
    ... on PartitionBackfill {{ status }} {ERROR} }} }}"""
ASSET = """query ($key: AssetKeyInput!, $partitions: [String!]) { assetNodeOrError(assetKey: $key) { __typename
    ... on AssetNode { partitionKeys
        assetPartitionStatuses { ... on DefaultPartitionStatuses {
            materializedPartitions failedPartitions unmaterializedPartitions } }
        latestMaterializationByPartition(partitions: $partitions) { metadataEntries { __typename label
            ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue } } } } } }"""
CHECK = """query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    assetChecksOrError { ... on AssetChecks { checks { name
        executionForLatestMaterialization { status evaluation { severity description } } } } } } } }"""
OBSERVATIONS = """query ($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset {
    assetObservations(limit: 50) { metadataEntries { label
        ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue } } } } } }"""
START_SENSOR = f"""mutation ($selector: SensorSelector!) {{ startSensor(sensorSelector: $selector) {{ __typename
    {ERROR} }} }}"""
