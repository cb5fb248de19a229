"""Launching a whole migration over GraphQL, as a person would in the UI, but without the wait.

One run copies all ranges of a step (a table, or tables that are moved together), and starts when the runs of the tables
it looks up have ended. An asset backfill would do the same, but its daemon looks only every 30 s, once for each
generation of parents; a run costs about 5 CPU-seconds, so there are as few as can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.graphql import GraphQL, Repository, expect

RANGES_PER_RUN = 200
"""A run copies them one after the other anyway; beyond, its page in the UI becomes slow to look at."""

PLAN, COMPARE = "plan_tables", "verify_tables"
ASSET_JOB = "__ASSET_JOB"
COPY_CHECKS = ("no_rejects", "rows_accounted_for")
IMAGE_CHECKS = ("images_moved",)
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True)
class Launched:
    """A run and what it does.

    ``title`` is a job's name, or the tables that are copied. ``state`` is ``waiting`` (for parents), ``blocked`` (a
    parent failed), or Dagster's: QUEUED, STARTING, STARTED, SUCCESS, FAILURE, CANCELED. ``run_id`` is empty before
    it is launched.
    """

    title: str
    run_id: str = ""
    state: str = "waiting"

    @property
    def is_ended(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in (*ENDED, "blocked")


@dataclass(frozen=True)
class _Step:
    """Assets that one op makes. ``pieces`` are partitions that follow each other, those of one run each."""

    name: str
    assets: tuple[tuple[str, ...], ...]
    pieces: tuple[tuple[str, ...], ...]
    parents: frozenset[str]

    @property
    def title(self) -> str:
        names = ", ".join(".".join(path[1:]) for path in self.assets)
        return f"images of {names}" if self.assets[0][0] == "images" else names


OnProgress = Callable[[tuple[Launched, ...]], None]


def launch_everything(
    graphql_url: str,
    *,
    compare: bool = True,
    on_progress: OnProgress = lambda _: None,
    poll_seconds: float = 0.5,
    ready_within: float = 120.0,
    only_missing: bool = False,
) -> tuple[Launched, ...]:
    """Plan all tables, copy all ranges, parents before children, and compare old and new: by runs that the UI shows.

    Parameters:
        graphql_url: the address of the UI, ``http://127.0.0.1:3000``.
        compare: end with the job `verify_tables`.
        on_progress: called at every look with all runs so far and to come, in order. How many rows were moved is
            better asked of the ledger (`changeover.ledger.status`).
        poll_seconds: between two looks.
        ready_within: seconds to wait for the web server and the project's code.
        only_missing: leave out ranges that are materialized: what is copied are those that were appended since.

    Returns: all runs with their last states. Everything went well if each of them is SUCCESS. That of the comparison
        says that it was made: what it found is in its checks.
    Raises: DagsterNotReady, GraphQLError. An interruption (Ctrl-C) leaves the runs going on; end them with Dagster.
    """
    server = GraphQL(graphql_url)
    repository = server.repository(ready_within)
    planning = _ended(server, _launch_job(server, repository, PLAN), on_progress, poll_seconds)
    if planning.state != "SUCCESS":
        return (planning,)
    copying = _copy(
        server,
        repository,
        lambda runs: on_progress((planning, *runs)),
        poll_seconds,
        only_missing=only_missing,
    )
    done = (planning, *copying)
    if not compare or any(run.state != "SUCCESS" for run in copying):
        return done
    last = _launch_job(server, repository, COMPARE)
    return (*done, _ended(server, last, lambda runs: on_progress((*done, *runs)), poll_seconds))


def launch_job(
    graphql_url: str,
    name: str,
    config: Mapping[str, Any],
    *,
    on_progress: OnProgress = lambda _: None,
    poll_seconds: float = 0.5,
    ready_within: float = 120.0,
) -> Launched:
    """Run a job, and wait for its end. Parameters and exceptions as of `launch_everything`."""
    server = GraphQL(graphql_url)
    repository = server.repository(ready_within)
    return _ended(server, _launch_job(server, repository, name, config), on_progress, poll_seconds)


def switch_on(graphql_url: str, sensors: Iterable[str], ready_within: float = 120.0) -> None:
    """Start sensors, as a person does in the UI. One that runs already is left alone.

    Raises: DagsterNotReady, GraphQLError.
    """
    server = GraphQL(graphql_url)
    repository = server.repository(ready_within)
    for name in sensors:
        selector = {**repository.selector, "sensorName": name}
        expect(server.ask(_START_SENSOR, selector=selector)["startSensor"], "Sensor")


def _copy(
    server: GraphQL, repository: Repository, on_progress: OnProgress, pause: float, *, only_missing: bool
) -> tuple[Launched, ...]:
    steps = {step.name: step for step in _steps(server, only_missing=only_missing)}
    runs: dict[str, list[Launched]] = {name: [Launched(step.title)] for name, step in steps.items()}
    while True:
        for name, step in steps.items():
            if runs[name][0].state == "waiting":
                runs[name] = _begin(server, repository, step, runs)
        states = _states(server, [run.run_id for part in runs.values() for run in part if run.run_id])
        runs = {
            name: [replace(r, state=states.get(r.run_id, r.state)) for r in part]
            for name, part in runs.items()
        }
        found = tuple(run for part in runs.values() for run in part)
        on_progress(found)
        if all(run.is_ended for run in found):
            return found
        time.sleep(pause)


def _begin(
    server: GraphQL, repository: Repository, step: _Step, runs: Mapping[str, list[Launched]]
) -> list[Launched]:
    """The step's runs, launched if all of its parents' are done."""
    parents = [run for parent in step.parents for run in runs[parent]]
    if any(run.is_ended and run.state != "SUCCESS" for run in parents):
        return [Launched(step.title, state="blocked")]
    if any(run.state != "SUCCESS" for run in parents):
        return runs[step.name]
    # A table without a range is an empty table: there is nothing to copy.
    return [_launch_ranges(server, repository, step, piece) for piece in step.pieces] or [
        Launched(step.title, state="SUCCESS")
    ]


def _steps(server: GraphQL, *, only_missing: bool) -> list[_Step]:
    nodes = [n for n in server.ask(_ASSETS)["assetNodes"] if n["isExecutable"] and n["isPartitioned"]]
    step_of = {tuple(n["assetKey"]["path"]): str(n["opNames"][0]) for n in nodes}
    found: list[_Step] = []
    for name in dict.fromkeys(step_of.values()):
        mine = [n for n in nodes if n["opNames"][0] == name]
        parents = {
            step_of[key] for n in mine for d in n["dependencyKeys"] if (key := tuple(d["path"])) in step_of
        }
        assets = tuple(tuple(n["assetKey"]["path"]) for n in mine)
        missing = {key for n in mine for key in n["assetPartitionStatuses"]["unmaterializedPartitions"]}
        everything: list[str] = mine[0]["partitionKeys"]
        pieces = _pieces(everything, missing if only_missing else set(everything))
        found.append(_Step(name, assets, pieces, frozenset(parents - {name})))
    return found


def _pieces(keys: Sequence[str], wanted: Collection[str]) -> tuple[tuple[str, ...], ...]:
    found: list[list[str]] = [[]]
    for key in keys:
        if key not in wanted or len(found[-1]) == RANGES_PER_RUN:
            found.append([])
        if key in wanted:
            found[-1].append(key)
    return tuple(tuple(piece) for piece in found if piece)


def _launch_ranges(
    server: GraphQL, repository: Repository, step: _Step, partitions: tuple[str, ...]
) -> Launched:
    tags = {
        "dagster/asset_partition_range_start": partitions[0],
        "dagster/asset_partition_range_end": partitions[-1],
    }
    keys = [{"path": list(path)} for path in step.assets]
    # Named, since otherwise the step that compares would be planned as well, and skipped.
    checks = [{"assetKey": key, "name": name} for key in keys for name in _checks_of(key["path"])]
    selector = {"jobName": ASSET_JOB, "assetSelection": keys, "assetCheckSelection": checks}
    return Launched(step.title, _launch(server, repository, selector, tags), "QUEUED")


def _checks_of(path: Sequence[str]) -> tuple[str, ...]:
    """The checks that the step of an asset evaluates."""
    return IMAGE_CHECKS if path[0] == "images" else COPY_CHECKS


def _launch_job(
    server: GraphQL, repository: Repository, name: str, config: Mapping[str, Any] | None = None
) -> Launched:
    return Launched(name, _launch(server, repository, {"jobName": name}, {}, config), "QUEUED")


def _launch(
    server: GraphQL,
    repository: Repository,
    selector: dict[str, Any],
    tags: Mapping[str, str],
    config: Mapping[str, Any] | None = None,
) -> str:
    params = {
        "selector": {**repository.selector, **selector},
        "mode": "default",
        "runConfigData": dict(config or {}),
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }
    answer = server.ask(_LAUNCH, params=params)["launchPipelineExecution"]
    return str(expect(answer, "LaunchRunSuccess")["run"]["runId"])


def _ended(server: GraphQL, run: Launched, on_progress: OnProgress, pause: float) -> Launched:
    while not run.is_ended:
        run = replace(run, state=_states(server, [run.run_id]).get(run.run_id, run.state))
        on_progress((run,))
        if not run.is_ended:
            time.sleep(pause)
    return run


def _states(server: GraphQL, run_ids: Iterable[str]) -> dict[str, str]:
    wanted = list(run_ids)
    if not wanted:
        return {}
    answer = expect(server.ask(_RUNS, ids=wanted)["runsOrError"], "Runs")
    return {str(run["runId"]): str(run["status"]) for run in answer["results"]}


_ASSETS = """
query { assetNodes { assetKey { path } opNames isExecutable isPartitioned partitionKeys dependencyKeys { path }
    assetPartitionStatuses { ... on DefaultPartitionStatuses { unmaterializedPartitions } } } }
"""
_LAUNCH = """
mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PipelineNotFoundError { message }
    ... on PythonError { message } } }
"""
_START_SENSOR = """
mutation ($selector: SensorSelector!) { startSensor(sensorSelector: $selector) { __typename
    ... on SensorNotFoundError { message } ... on UnauthorizedError { message } ... on PythonError { message } } }
"""
_RUNS = """
query ($ids: [String!]!) { runsOrError(filter: {runIds: $ids}) { __typename
    ... on Runs { results { runId status } }
    ... on PythonError { message } } }
"""
