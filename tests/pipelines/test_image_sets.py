"""Image sets as assets, from real files to a real bucket: partitions beside their table's, and what live sync brings."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
import sqlalchemy as sa
from PIL import Image

from assets.keys import new_key
from changeover.ledger.image_status import sets
from changeover.mapping import ImageSet, Mapping, Registry, image, old
from demo.servers import SeaweedFS
from pipelines.move_waiting_images import JOB
from pipelines.project import definitions
from tests.ledger_tables import make_ledger

KEY = dg.AssetKey(["images", "photos"])
PARTITIONS = ["0000000000-0000000010", "0000000011-0000000020", "0000000021-0000000025"]


class Photos:
    """25 rows, each with a photo of its own; the third and the last are none."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        for number in range(1, 26):
            self.draw(number)
        (self.files / "3.png").write_text("<html>")
        (self.files / "25.png").unlink()
        urls = {name: f"sqlite:///{folder / name}.db" for name in ("old", "new")}
        self.environment = {"CHANGEOVER_OLD_SHOP_URL": urls["old"], "CHANGEOVER_NEW_URL": urls["new"]}
        self.old, self.new = sa.create_engine(urls["old"]), sa.create_engine(urls["new"])
        for engine, table, column in ((self.old, "tb_photo", "img"), (self.new, "photo", "image")):
            columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column(column, sa.String(200)))
            sa.Table(table, sa.MetaData(), *columns).create(engine)
        make_ledger(self.new)
        with self.old.begin() as connection:
            rows = [{"n": n, "u": f"http://img.example/{n}.png"} for n in range(1, 26)]
            connection.execute(sa.text("INSERT INTO tb_photo VALUES (:n, :u)"), rows)
        photo = old("shop", "tb_photo")
        set_ = ImageSet("photos", folder=self.files, base="http://img.example/", prefix=f"{folder.name}/")
        mapped = image(photo.img, images=set_, url_prefix="https://cdn.example/")
        self.registry = Registry(
            (Mapping("photo", photo, {"image": mapped}, rows_per_range=10, domain="shop"),)
        )

    def draw(self, number: int) -> None:
        noise = random.Random(number)
        made = Image.frombytes("RGB", (8, 8), bytes(noise.randrange(256) for _ in range(192)))
        made.save(self.files / f"{number}.png", "PNG")

    def images(self) -> dict[int, str]:
        with self.new.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(sa.text("SELECT id, image FROM photo"))}


@pytest.fixture
def photos(tmp_path: Path, s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Photos]:
    found = Photos(tmp_path)
    for name, value in {**found.environment, **s3_server.environment()}.items():
        monkeypatch.setenv(name, value)
    yield found
    found.old.dispose()
    found.new.dispose()


def run(defs: dg.Definitions, instance: dg.DagsterInstance, name: str) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(name).execute_in_process(instance=instance, raise_on_error=False)


def materialize(
    defs: dg.Definitions, instance: dg.DagsterInstance, key: dg.AssetKey, keys: Sequence[str] = PARTITIONS
) -> dg.ExecuteInProcessResult:
    asset = defs.get_repository_def().assets_defs_by_key[key]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dg.materialize(
            [asset],
            instance=instance,
            raise_on_error=False,
            tags={
                "dagster/asset_partition_range_start": keys[0],
                "dagster/asset_partition_range_end": keys[-1],
            },
        )


def told(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    return {
        str(event.partition): {name: entry.value for name, entry in event.materialization.metadata.items()}
        for event in result.all_events
        if event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key == KEY
    }


def test_each_range_of_rows_is_a_partition_of_their_images(
    photos: Photos, instance: dg.DagsterInstance
) -> None:
    defs = definitions(photos.registry)
    assert run(defs, instance, "plan_tables").success
    assert materialize(defs, instance, new_key("photo")).success
    result = materialize(defs, instance, KEY)
    assert result.success
    found = told(result)
    assert list(found) == PARTITIONS
    names = ("referenced", "known", "transferred", "reused", "rejected", "rows_applied")
    assert [tuple(one[name] for name in names) for one in found.values()] == [
        (10, 0, 9, 0, 1, 9),
        (10, 0, 10, 0, 0, 10),
        (5, 0, 4, 0, 1, 4),
    ]
    first = found[PARTITIONS[0]]
    assert first["bytes"] > 0
    assert first["images_per_second"] > 0
    assert first["sample"].count("![](https://cdn.example/") == 9
    (reject,) = first["rejects"].records
    assert {name: reject.data[name] for name in ("table", "key", "column", "reason")} == {
        "table": "photo", "key": "3", "column": "image", "reason": "no image",
    }  # fmt: skip
    (check,) = result.get_asset_check_evaluations()
    assert (check.partition, check.passed, check.severity) == (None, False, dg.AssetCheckSeverity.ERROR)
    names = ("images", "in_the_bucket", "rejected", "rows_waiting", "rows_with_old_url")
    assert tuple(check.metadata[name].value for name in names) == (25, 23, 2, 0, 2)
    rows = photos.images()
    assert {n for n, url in rows.items() if not url.startswith("https://cdn.example/")} == {3, 25}

    again = told(materialize(defs, instance, KEY))
    assert [(one["known"], one["transferred"]) for one in again.values()] == [(9, 0), (10, 0), (4, 0)]
    assert again[PARTITIONS[0]]["rejects"].records[0].data["key"] == "3"


def test_the_numbers_are_those_of_the_tables_and_of_the_bucket(
    photos: Photos, instance: dg.DagsterInstance
) -> None:
    """Rows that share images within a partition and across two, and two names of one picture."""
    (photos.files / "7.png").write_bytes((photos.files / "6.png").read_bytes())
    with photos.old.begin() as connection:
        for no, name in ((2, "1.png"), (12, "1.png"), (13, "3.png"), (22, "11.png")):
            connection.execute(
                sa.text("UPDATE tb_photo SET img = :u WHERE id = :n"),
                {"n": no, "u": f"http://img.example/{name}"},
            )
    defs = definitions(photos.registry)
    run(defs, instance, "plan_tables")
    materialize(defs, instance, new_key("photo"))
    found = told(materialize(defs, instance, KEY))

    def asked(statement: str, engine: sa.Engine = photos.new) -> Any:
        with engine.connect() as connection:
            return connection.execute(sa.text(statement)).scalar()

    for partition, one in found.items():
        lower, upper = partition.split("-")
        within = f"id BETWEEN {int(lower)} AND {int(upper)}"
        named = f"FROM tb_photo WHERE {within}"
        assert one["rows"] == asked(f"SELECT count(*) {named}", photos.old)
        assert one["referenced"] == asked(f"SELECT count(DISTINCT img) {named}", photos.old)
        parts = ("known", "transferred", "reused", "rejected")
        assert one["referenced"] == sum(one[name] for name in parts)
        keys = f"FROM photo WHERE {within} AND image LIKE 'https://cdn.example/%'"
        assert one["referenced"] - one["rejected"] == asked(
            f"SELECT count(DISTINCT url) FROM changeover_image WHERE image_key IN (SELECT substr(image, 21) {keys})"
        )
    resource: Any = boto3.resource("s3")
    objects = list(resource.Bucket("images").objects.filter(Prefix=f"{photos.files.parent.name}/"))
    assert sum(one["transferred"] for one in found.values()) == len(objects)
    assert sum(one["bytes"] for one in found.values()) == sum(entry.size for entry in objects)
    assert sum(one["reused"] for one in found.values()) == 1
    with photos.new.connect() as connection:
        (whole,) = sets(connection)
    assert (whole.stored, whole.objects, whole.bytes) == (
        asked("SELECT count(*) FROM changeover_image WHERE image_key IS NOT NULL"),
        len(objects),
        sum(entry.size for entry in objects),
    )
    assert (whole.rejected, whole.wanted) == (2, 0)


def test_rows_with_rejected_images_fail_the_check_of_their_table(
    photos: Photos, instance: dg.DagsterInstance
) -> None:
    defs = definitions(photos.registry)
    run(defs, instance, "plan_tables")
    materialize(defs, instance, new_key("photo"))

    def same_as_old() -> tuple[bool, Any]:
        told = run(defs, instance, "verify_tables").get_asset_check_evaluations()
        (one,) = (check for check in told if check.check_name == "same_as_old")
        return one.passed, one.metadata["images_rejected"].value

    assert same_as_old() == (True, 0)
    materialize(defs, instance, KEY)
    assert same_as_old() == (False, 2)


def test_a_partition_that_is_not_all_moved_fails_alone_and_is_re_run(
    photos: Photos, instance: dg.DagsterInstance, s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    defs = definitions(photos.registry)
    run(defs, instance, "plan_tables")
    assert materialize(defs, instance, KEY, PARTITIONS[:1]).success
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", s3_server.reader_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.reader_secret)
        result = materialize(defs, instance, KEY)
    assert not result.success
    assert list(told(result)) == PARTITIONS[:1]
    assert materialize(defs, instance, KEY, PARTITIONS[1:]).success
    materialize(defs, instance, new_key("photo"))
    assert sum(url.startswith("https://cdn.example/") for url in photos.images().values()) == 23


def test_images_that_copied_rows_wait_for_are_moved_by_a_sensor(
    photos: Photos, instance: dg.DagsterInstance
) -> None:
    defs = definitions(photos.registry)
    sensor = defs.get_repository_def().get_sensor_def(f"keep_{JOB}")

    def tick() -> int:
        with dg.build_sensor_context(instance=instance, resources=defs.resources) as context:
            return len(sensor.evaluate_tick(context).run_requests or ())

    assert tick() == 0
    run(defs, instance, "plan_tables")
    materialize(defs, instance, new_key("photo"))
    assert tick() == 1
    assert run(defs, instance, JOB).success
    assert sum(url.startswith("https://cdn.example/") for url in photos.images().values()) == 23
    assert tick() == 0


def test_a_project_without_images_needs_no_bucket(instance: dg.DagsterInstance) -> None:
    photo = old("shop", "tb_photo")
    found = definitions(Registry((Mapping("photo", photo, {"image": photo.img}, domain="shop"),)))
    assert "image_bucket" not in (found.resources or {})
    assert JOB not in {job.name for job in found.get_repository_def().get_all_jobs()}
