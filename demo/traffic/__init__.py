"""The old applications' traffic: what users and nightly jobs do to the sample databases while these are migrated.

`run` changes the rows of one old database at a chosen rate, from several connections, until its time is up or it is stopped. The
same seed asks for the same actions in the same order on each connection; which of two connections comes first is the database's.

It writes what an application writes: short transactions of one or a few rows, some of many, some that stay open for a while and
some that are rolled back; it tries again after a deadlock, and comes back when the server does. Rows are inserted, updated and
deleted, keys change, and what belongs to a row goes with it in the same transaction (the old schemas have no foreign keys, so
nothing cascades by itself). Everything it writes can be moved by the sample mappings, dirt included: `DIRT` of the texts are
awkward ones, and some deleted rows leave their children behind. With ``dirt`` above 0 it also stores codes that no mapping knows,
which end as rejects.
"""

from demo.traffic.run import Summary, Traffic, run
from demo.traffic.work import DIRT

__all__ = ["DIRT", "Summary", "Traffic", "run"]
