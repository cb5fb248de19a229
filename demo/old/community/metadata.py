"""The metadata that the community's tables register with."""

import sqlalchemy as sa

METADATA = sa.MetaData()
