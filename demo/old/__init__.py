"""The three sample databases that the demo migrates, with the shape, the volume and the dirt of real ones.

`build` makes one of `DOMAINS` on SQLite, MariaDB or PostgreSQL; the same scale and seed make the same rows
everywhere, except for the "no date" of PostgreSQL. `seed_new` puts the remains of an earlier bulk copy into the new
database. Nothing here knows the mappings or the engine.
"""

from demo.old.build import DOMAINS, TablesExist, build
from demo.old.bulk_copy import BulkCopy, seed_new

__all__ = ["DOMAINS", "BulkCopy", "TablesExist", "build", "seed_new"]
