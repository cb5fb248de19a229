"""The least an account needs, database by database: what the engine's statements use, and nothing besides.

The statements are for an administrator to read and run. Nothing here connects: an account that lacks its rights can't.
"""

from changeover.cli.privileges.group import Grants
from changeover.cli.privileges.needs import NewNeeds, new_needs, tables_read
from changeover.cli.privileges.statements import (
    account,
    capture_grants,
    direct_grants,
    new_grants,
    old_grants,
)

__all__ = [
    "Grants",
    "NewNeeds",
    "account",
    "capture_grants",
    "direct_grants",
    "new_grants",
    "new_needs",
    "old_grants",
    "tables_read",
]
