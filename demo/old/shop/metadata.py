"""The metadata that the shop's tables register with."""

import sqlalchemy as sa

METADATA = sa.MetaData()
