"""Pictures of the UI after the samples were moved. `make pictures` keeps those that the documentation shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from demo.images import private_images
from demo.prepare import main as prepare
from pipelines.launch import launch_everything
from tests.dagster_server import ROOT, running_dagster
from tests.ui.browser import page, picture, reads

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

FOLDER = "PICTURES"
"""Where the pictures are to be kept. Without it the test makes them, looks at them and throws them away."""


def test_the_pictures_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ.get(FOLDER) or tmp_path)
    environment = {
        **{
            f"CHANGEOVER_OLD_{name.upper()}_URL": f"sqlite:///{tmp_path / name}.db"
            for name in ("shop", "community", "study")
        },
        "CHANGEOVER_NEW_URL": f"sqlite:///{tmp_path / 'new'}.db",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("shop", "community", "study", "new"):
        prepare(1.0, name)
    with private_images() as images, running_dagster(ROOT / "assets", {**environment, **images}) as server:
        assert {run.state for run in launch_everything(server.url)} == {"SUCCESS"}
        with page(server.url, 1400, 800) as ui:
            ui.goto("/assets/new/coupon?view=lineage", wait_until="commit")
            reads(ui, "coupon", "tb_coupon", "member")
            picture(ui, folder / "lineage.png")
            second = _range(environment["CHANGEOVER_NEW_URL"], "shop.tb_coupon", 2)
            ui.goto(f"/assets/new/coupon?view=partitions&partition={second}", wait_until="commit")
            reads(ui, "Materialized", "rows_per_second")
            picture(ui, folder / "partitions.png")
    for name in ("lineage", "partitions"):
        assert (folder / f"{name}.png").stat().st_size > 20_000


def _range(url: str, root: str, no: int) -> str:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        statement = sa.text("SELECT name FROM changeover_range WHERE root = :root AND no = :no")
        name = connection.execute(statement, {"root": root, "no": no}).scalar_one()
    engine.dispose()
    return str(name)
