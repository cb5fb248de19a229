from __future__ import annotations

import pytest
import sqlalchemy as sa

from changeover.dialects import shown


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql+psycopg://u:p@h:1/db?password=s3cret", "postgresql+psycopg://h:1/db"),
        ("mysql+pymysql://h/db?user=u&passwd=s3cret", "mysql+pymysql://h/db"),
        ("sqlite:////tmp/old.db?mode=ro", "sqlite:////tmp/old.db"),
    ],
)
def test_people_see_driver_host_port_and_database(url: str, seen: str) -> None:
    assert shown(sa.make_url(url)) == seen
