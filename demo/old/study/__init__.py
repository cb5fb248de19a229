"""The study app: groups that work in 25-minute stretches, the progress kept with each participant.

A study names its owner by the community's member number, a participant is known by an e-mail address. Times are UTC.
"""

from demo.old.study import participant, record, study
from demo.old.study.metadata import METADATA
from demo.old.table import OldTable

TABLES = (
    OldTable(study.TABLE, study.rows),
    OldTable(participant.TABLE, participant.rows),
    OldTable(record.TABLE, record.rows),
)

__all__ = ["METADATA", "TABLES"]
