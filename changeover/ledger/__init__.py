"""The ledger: control tables in the new database, the truth about what was moved.

Everything a run must know after a crash stands here, written in the same transaction as the rows it speaks of. No row
of it is ever needed by the new application.
"""

from changeover.ledger.tables import LEDGER_VERSION, metadata

__all__ = ["LEDGER_VERSION", "metadata"]
