"""Building one old database: its tables, their rows, then the indexes."""

from __future__ import annotations

import sqlalchemy as sa

from changeover.dialects import shown
from demo.old import community, shop, study
from demo.old.load import continue_keys, load, loading_connection
from demo.old.sample import Sample
from demo.old.table import OldTable

DEFINED: dict[str, tuple[sa.MetaData, tuple[OldTable, ...]]] = {
    "shop": (shop.METADATA, shop.TABLES),
    "community": (community.METADATA, community.TABLES),
    "study": (study.METADATA, study.TABLES),
}
DOMAINS = tuple(DEFINED)


class TablesExist(RuntimeError):
    """The database already has tables of that name; nothing was changed."""


def build(
    domain: str,
    engine: sa.Engine,
    scale: float = 1.0,
    seed: int = Sample.seed,
    *,
    image_host: str = Sample.image_host,
    replace: bool = False,
) -> dict[str, int]:
    """Create the tables of an old database and fill them.

    domain: one of DOMAINS. engine: the database, which must exist. scale: 1.0 makes about 300,000 rows in all three
    domains. seed: the same seed and scale make the same rows on every database. image_host: what image URLs begin
    with. replace: drop tables of the same names first.

    Returns the number of rows by table. Raises KeyError for an unknown domain, TablesExist where tables are in the
    way and `replace` is not set.
    """
    metadata, tables = DEFINED[domain]
    sample = sample_for(engine, scale, seed, image_host)
    with loading_connection(engine) as connection:
        _make_room(connection, metadata, replace=replace)
        return {one.table.name: _fill(connection, one, sample) for one in tables}


def sample_for(engine: sa.Engine, scale: float, seed: int, image_host: str = Sample.image_host) -> Sample:
    """The sample's parameters with the "no date" that applications on this kind of database write."""
    # PostgreSQL has no zero date: a port of such an application stores the first day it can.
    zero = "0001-01-01 00:00:00" if engine.dialect.name == "postgresql" else Sample.zero_datetime
    return Sample(scale, seed, zero, image_host)


def _make_room(connection: sa.Connection, metadata: sa.MetaData, *, replace: bool) -> None:
    present = sorted(set(metadata.tables) & set(sa.inspect(connection).get_table_names()))
    if present and not replace:
        raise TablesExist(
            f"{shown(connection.engine.url)} already has {', '.join(present)}; "
            "build into an empty database, or pass replace=True to drop them"
        )
    metadata.drop_all(connection)
    connection.commit()


def _fill(connection: sa.Connection, one: OldTable, sample: Sample) -> int:
    connection.execute(sa.schema.CreateTable(one.table))
    rows = load(connection, one.table, one.rows(sample))
    for index in one.table.indexes:
        index.create(connection)
    for column in one.table.primary_key.columns:
        if column is one.table.autoincrement_column:
            continue_keys(connection, one.table, column.name)
    connection.commit()
    return rows
