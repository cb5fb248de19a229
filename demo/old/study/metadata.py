"""The metadata that the study app's tables register with."""

import sqlalchemy as sa

METADATA = sa.MetaData()
