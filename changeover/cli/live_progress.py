"""Progress as a bar that moves: the table at work below, tables that are through above it."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from changeover.cli import output
from changeover.cli.progress import Progress, TableCount

REFRESHES_PER_SECOND = 4


class LiveProgress(Progress):
    """A bar on stderr. Only the table at work has one, however many tables there are."""

    def __init__(self, tables: int) -> None:
        super().__init__(tables)
        self.console: Console = output.stderr()
        self.bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
            _Figures(table_column=Column(no_wrap=True)),
            console=self.console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
            expand=True,
        )
        self.task: TaskID | None = None

    def __enter__(self) -> Progress:
        self.bars.start()
        return self

    def close(self) -> None:
        self.bars.stop()

    def say(self, text: str) -> None:
        self.console.print(Text(output.printable(text)), soft_wrap=True)

    def begun(self, table: TableCount) -> None:
        name = f"[{self.number}/{self.tables}] {output.printable(table.root)}"
        self.task = self.bars.add_task(name, total=max(1, table.rows_expected), table=table)

    def moved(self, table: TableCount) -> None:
        if self.task is not None:
            self.bars.update(self.task, completed=min(table.rows, table.rows_expected))

    def ended(self, table: TableCount) -> None:
        if self.task is not None:
            self.bars.remove_task(self.task)
            self.task = None
        self.say(self.summary(table))


class _Figures(ProgressColumn):
    """What went wrong first: a narrow terminal cuts at the end."""

    def render(self, task: Task) -> Text:
        """The figures of the task's table."""
        table: TableCount = task.fields["table"]
        text = Text(f"{table.ranges_done}/{table.ranges} ranges")
        if table.ranges_failed:
            text.append(f"  {table.ranges_failed} failed", style="red")
        if table.images is not None:
            text.append(f"  {output.count(table.images)} images")
        if table.rejects:
            text.append(f"  {output.count(table.rejects)} rejected", style="yellow")
        text.append(
            f"  {output.count(table.rows)} rows  {output.count(table.rate)}/s  {output.duration(table.remaining)} left"
        )
        return text
