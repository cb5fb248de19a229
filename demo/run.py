"""The demo's course: databases, Dagster, migration, comparison, summary, and then the UI until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import FrameType

from changeover.errors import ChangeoverError
from changeover.ledger.image_status import RowsWaiting
from changeover.ledger.ranges import ranges_of
from changeover.mapping import load
from changeover.project import Project
from changeover.settings import mappings_package, mask
from demo import images
from demo.dagster_ui import DagsterUI, PortTaken, ui_port
from demo.databases import private_databases
from demo.images import private_images
from demo.live import Lag, Traffic, install_outboxes, left_to_apply, sensors
from demo.migration import catch_up, compare_everything, copy_everything, copying
from demo.options import BadOption, Options
from demo.prepare import prepare
from demo.processes import ROOT, Processes, ProcessFailed
from demo.progress import Display, display
from demo.servers import MissingProgram, ServerFailed
from demo.shell import shell_lines, write_environment
from demo.summary import TableResult, summarise, table_of, words_of
from pipelines.graphql import DagsterNotReady, GraphQLError
from pipelines.launch import Launched

FAILURES = (ChangeoverError, DagsterNotReady, GraphQLError, ProcessFailed, ServerFailed)
LOOK_SECONDS = 1.0


def main() -> int:
    """Run the demo. Returns its exit code: 0 if all was moved and compared equal, 1 if not, 2 for wrong options."""
    try:
        options = Options.from_environment(os.environ, terminal=sys.stdout.isatty())
    except BadOption as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended_by)
    try:
        with display(terminal=sys.stdout.isatty() and not options.unattended) as screen:
            return _run(options, screen)
    except (MissingProgram, PortTaken) as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 2
    except FAILURES as error:
        print(f"make demo: {mask(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(options: Options, screen: Display) -> int:
    port = ui_port(options.port)
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(ROOT / ".demo" / str(os.getpid())))
        screen.say(f"three old databases and a new one on {options.database}, scale {options.scale:g}")
        databases = stack.enter_context(private_databases(options.database, processes.directory))
        screen.say("starting the old image host, and an S3 server for the new bucket")
        pictures = stack.enter_context(private_images())
        environment = {**databases.environment(), **pictures}
        dagster = DagsterUI(processes, environment, port)
        screen.say("starting Dagster, and filling the databases meanwhile")
        dagster.start()
        prepare(processes, databases.environment(), options.scale, screen.say)
        registry = load(mappings_package())
        project = stack.enter_context(Project.open(registry, databases.settings("assets")))
        screen.say(f"Dagster's UI: {dagster.url}, as soon as it has loaded the project")
        if options.live:
            runs, left = _copied_live(dagster, project, screen, Traffic(processes, databases, options.rate))
        else:
            runs, left = copy_everything(project, screen, copying(dagster.url), dagster.check), ""
        for problem in _problems(project, dagster, runs):
            screen.say(problem)
        screen.say("comparing old and new, value by value")
        compared, status, verified = compare_everything(project, screen, runs, dagster.url, dagster.check)
        for problem in _problems(project, dagster, [verified]):
            screen.say(problem)
        runs = (*runs, verified)
        left = left or (left_to_apply(project) if options.live else "")
        results = summarise(project, compared, status)
        screen.close()
        screen.console.print()
        screen.console.print(table_of(results, screen.console.width))
        for line in words_of(results, screen.seconds, left):
            screen.console.print(line, soft_wrap=True)
        moved, kept = images.looked_at(project), images.waiting(project)
        screen.console.print()
        screen.console.print(images.table_of(moved))
        for line in images.words_of(moved, kept, images.seconds_of(project)):
            screen.console.print(line, soft_wrap=True)
        if not options.unattended:
            _serve(dagster, processes, environment, kept)
        return exit_code(results, runs, left) or int(not images.are_moved(moved, kept))


def exit_code(results: Sequence[TableResult], runs: Sequence[Launched], left: str = "") -> int:
    """0 if every run succeeded and every table was moved, compared and found equal without a reject, and live sync left nothing,
    else 1."""
    good = all(result.ok for result in results) and all(run.state == "SUCCESS" for run in runs)
    return 0 if good and results and runs and not left else 1


def _copied_live(
    dagster: DagsterUI, project: Project, screen: Display, traffic: Traffic
) -> tuple[Sequence[Launched], str]:
    """Copy everything while the old applications write, and let live sync catch up. Returns the runs, and what it left."""
    lag = Lag()

    def check() -> None:
        dagster.check()
        traffic.check()

    install_outboxes(project, screen.say)
    traffic.start()
    screen.say(f"the old applications write: {traffic.rate:g} changed rows a second")
    runs = copy_everything(project, screen, copying(dagster.url, sensors(project)), check, lag)
    screen.say(traffic.stop())
    # What has keys above the last range came through the outbox, and belongs to no range that could be compared.
    screen.say("appending ranges for what is new")
    more = copy_everything(project, screen, copying(dagster.url, only_missing=True), dagster.check, lag)
    left = catch_up(project, screen, more, dagster.check, lag)
    screen.say(
        f"{lag.words()}, and " + (f"has not applied everything: {left}" if left else "is not behind any more")
    )
    return (*runs, *more), left


def _problems(project: Project, dagster: DagsterUI, runs: Sequence[Launched]) -> list[str]:
    """What went wrong while copying, in the words of the run and of the ledger."""
    found = [
        f"run of {run.title} {run.state.lower()}" + (f": {dagster.reason(run.run_id)}" if run.run_id else "")
        for run in runs
        if run.state != "SUCCESS"
    ]
    with project.reading() as connection:
        for root in project.moves:
            found += [f"{r.name} failed: {r.error}" for r in ranges_of(connection, root) if r.error]
    return found


def _serve(
    dagster: DagsterUI, processes: Processes, environment: Mapping[str, str], kept: Sequence[RowsWaiting]
) -> None:
    """Until Ctrl-C."""
    print(f"\nThe UI stays open: {dagster.url}   Ctrl-C ends it, and removes everything.")
    print("\nThe command line looks at the same databases, from another terminal:\n")
    for line in shell_lines(write_environment(processes.directory, environment), kept):
        print(f"    {line}")
    try:
        while True:
            dagster.check()
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        print()


def _ended_by(number: int, _frame: FrameType | None) -> None:
    """An ordinary end, so that everything is cleaned up."""
    raise SystemExit(128 + number)
