"""The sample project of these tests: categories and products, their mappings, and `changeover` as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from typer.testing import CliRunner

from changeover.cli import app

PROGRAM = Path(sys.executable).parent / "changeover"
SECONDS = 120
"""After which a test fails instead of hanging."""

MAPPINGS = '''
"""The shop's mappings."""

import time
from itertools import count
from pathlib import Path

from changeover.mapping import Mapping, lookup, old, python, value_map

category = old("shop", "tb_category")
product = old("shop", "tb_product")


calls = count(1)


def shouted(names):
    """Waits, in a chunk's transaction, for as long as there is a file "gate"; as many chunks as it says pass."""
    call, gate = next(calls), Path(__file__).parents[2] / "gate"
    while gate.exists() and call > int(gate.read_text()):
        (gate.parent / "waiting").touch()
        time.sleep(0.01)
    return [name.upper() for name in names]


categories = Mapping("category", category, {"code": category.cate_cd, "name": category.cate_nm})
products = Mapping(
    "product",
    product,
    {
        "name": python(shouted, product.goods_nm),
        "category_id": lookup("category", product.cate_cd, by="code"),
        "state": value_map(product.state, {"0": "draft", "1": "on sale"}),
        "price": product.price,
    },
    rows_per_range=1000,
)
'''


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What was written to stdout, which must be one JSON document."""
        return json.loads(self.out)


class Shop:
    """A user's project folder, its old and its new database."""

    def __init__(self, folder: Path, old_url: str, new_url: str) -> None:
        self.folder = folder
        self.package = f"moves_{uuid.uuid4().hex[:12]}"  # a package is imported once in a process
        self.old_url, self.new_url = old_url, new_url
        self.environment = {"CHANGEOVER_OLD_SHOP_URL": old_url, "CHANGEOVER_NEW_URL": new_url}
        self.old, self.new = sa.create_engine(old_url), sa.create_engine(new_url)

    def build(self, products: int) -> None:
        """Make the folder, the tables, and rows without dirt."""
        domain = self.folder / self.package / "shop"
        domain.mkdir(parents=True)
        (self.folder / self.package / "__init__.py").touch()
        (domain / "__init__.py").touch()
        self.write_mappings(MAPPINGS)
        (self.folder / "pyproject.toml").write_text(f'[tool.changeover]\nmappings = "{self.package}"\n')
        old, new = sa.MetaData(), sa.MetaData()
        category = sa.Table(
            "tb_category",
            old,
            sa.Column("cate_no", sa.Integer, primary_key=True),
            sa.Column("cate_cd", sa.String(10), nullable=False),
            sa.Column("cate_nm", sa.String(50), nullable=False),
        )
        product = sa.Table(
            "tb_product",
            old,
            sa.Column("goods_no", sa.Integer, primary_key=True),
            sa.Column("goods_nm", sa.String(100), nullable=False),
            sa.Column("cate_cd", sa.String(10), nullable=False),
            sa.Column("state", sa.String(50), nullable=False),
            sa.Column("price", sa.Numeric(10, 2), nullable=False),
        )
        new_category = sa.Table(
            "category",
            new,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("code", sa.String(10), nullable=False),
            sa.Column("name", sa.String(50), nullable=False),
            sa.UniqueConstraint("code", name="category_code"),
        )
        sa.Table(
            "product",
            new,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(100), nullable=False),
            sa.Column("category_id", sa.ForeignKey(new_category.c.id), nullable=False),
            sa.Column("state", sa.String(10), nullable=False),
            sa.Column("price", sa.Numeric(10, 2), nullable=False),
        )
        old.create_all(self.old)
        new.create_all(self.new)
        with self.old.begin() as connection:
            connection.execute(
                category.insert(),
                [{"cate_no": n, "cate_cd": f"C{n}", "cate_nm": f"category {n}"} for n in range(1, 6)],
            )
            connection.execute(product.insert(), [_product(n) for n in range(1, products + 1)])

    def write_mappings(self, text: str) -> Path:
        """The mappings' module."""
        file = self.folder / self.package / "shop" / "catalog.py"
        file.write_text(text)
        return file

    def soil(self, *keys: int, state: str = "s3cret-state") -> None:
        """Give products a state that the value map doesn't know."""
        self.execute(
            "UPDATE tb_product SET state = :s WHERE goods_no = :k", [{"s": state, "k": k} for k in keys]
        )

    def execute(self, statement: str, values: Sequence[dict[str, Any]] = ({},), *, new: bool = False) -> None:
        """A statement on the old, or the new, database."""
        with (self.new if new else self.old).begin() as connection:
            for row in values:
                connection.execute(sa.text(statement), row)

    def scalar(self, statement: str, *, new: bool = True) -> Any:
        """One value of the new, or the old, database."""
        with (self.new if new else self.old).connect() as connection:
            return connection.execute(sa.text(statement)).scalar()

    def run(self, *words: str) -> Ended:
        """A command, in this process."""
        result = CliRunner().invoke(app, list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def start(self, *words: str, out: int | None = None) -> subprocess.Popen[bytes]:
        """A command, as a process of its own; ``out`` is another stdout than the file that `end` reads."""
        with (self.folder / "out").open("wb") as file, (self.folder / "err").open("wb") as err:
            return subprocess.Popen(
                [PROGRAM, *words],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=file if out is None else out,
                stderr=err,
            )

    def end(self, process: subprocess.Popen[bytes]) -> Ended:
        """Wait for its end."""
        code = process.wait(timeout=SECONDS)
        out, err = ((self.folder / name).read_text(errors="replace") for name in ("out", "err"))
        return Ended(code, out, err)

    def wait_until(self, process: subprocess.Popen[bytes], so: Callable[[], bool]) -> None:
        """Return once something is so; fail when the process ends before."""
        deadline = time.monotonic() + SECONDS
        while not so():
            assert process.poll() is None, self.end(process)
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def wait_until_said(self, process: subprocess.Popen[bytes], words: str) -> None:
        """Return once the words are on stderr."""
        self.wait_until(process, lambda: words in (self.folder / "err").read_text())

    # The gate: a chunk that has read its rows, and waits before it writes them

    def shut(self, after: int = 0) -> None:
        """Let so many chunks of products pass; the next ones wait in the middle."""
        (self.folder / "waiting").unlink(missing_ok=True)
        (self.folder / "gate").write_text(str(after))

    def open(self) -> None:
        """Let them go on."""
        (self.folder / "gate").unlink(missing_ok=True)

    def wait_until_inside(self, process: subprocess.Popen[bytes]) -> None:
        """Return once a chunk waits at the gate."""
        self.wait_until(process, (self.folder / "waiting").exists)

    def close(self) -> None:
        """Give the connections back."""
        self.open()
        self.old.dispose()
        self.new.dispose()


def _product(number: int) -> dict[str, Any]:
    return {
        "goods_no": number,
        "goods_nm": f"product {number}",
        "cate_cd": f"C{number % 5 + 1}",
        "state": str(number % 2),
        "price": number,
    }
