"""The old study app's tables. Its clock shows UTC."""

from changeover.mapping import old

CLOCK = "UTC"

study = old("study", "pomodoro_study")
participant = old("study", "pomodoro_participant")
record = old("study", "pomodoro_record")
