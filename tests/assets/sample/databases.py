"""Its databases, on SQLite. Row counts are exact, so that tests can name every number they expect."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tests.ledger_tables import make_ledger

MEMBERS, GUESTS, SHARED, PRODUCTS, COUPONS, STUDIES = 40, 30, 10, 60, 1_000, 25

OLD = {
    "shop": """
        CREATE TABLE tb_category (cate_no INTEGER PRIMARY KEY, cate_cd TEXT NOT NULL, nm TEXT NOT NULL, up_no INTEGER);
        CREATE TABLE tb_product (prod_no INTEGER PRIMARY KEY, cate_cd TEXT NOT NULL, nm TEXT NOT NULL, price TEXT);
        CREATE TABLE tb_member (mem_no INTEGER PRIMARY KEY, email TEXT NOT NULL, nm TEXT NOT NULL);
        CREATE TABLE tb_grade (mem_no INTEGER NOT NULL, grade TEXT NOT NULL);
        CREATE UNIQUE INDEX grade_member ON tb_grade (mem_no);
        CREATE TABLE tb_coupon (cpn_no INTEGER PRIMARY KEY, mem_no INTEGER NOT NULL, st TEXT NOT NULL, amt TEXT);
    """,
    "community": "CREATE TABLE member (uid INTEGER PRIMARY KEY, mail TEXT NOT NULL, nick TEXT NOT NULL);",
    "study": 'CREATE TABLE "Pomodoro Study" (no INTEGER PRIMARY KEY, title TEXT, owner INTEGER, focus INTEGER);',
}

NEW = """
    CREATE TABLE category (id INTEGER PRIMARY KEY, code VARCHAR(10) NOT NULL, name VARCHAR(50) NOT NULL,
        parent_id INTEGER REFERENCES category (id), UNIQUE (code));
    CREATE TABLE product (id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES category (id),
        name VARCHAR(50) NOT NULL, price DECIMAL(10, 2) NOT NULL);
    CREATE TABLE member (id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(100) NOT NULL, name VARCHAR(50) NOT NULL,
        grade VARCHAR(10), nick VARCHAR(50), UNIQUE (email));
    CREATE TABLE coupon (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL REFERENCES member (id),
        state VARCHAR(10) NOT NULL, amount DECIMAL(10, 2) NOT NULL);
    CREATE TABLE study (id INTEGER PRIMARY KEY AUTOINCREMENT, title VARCHAR(100) NOT NULL,
        owner_id INTEGER NOT NULL REFERENCES member (id));
    CREATE TABLE study_rule (study_id INTEGER PRIMARY KEY REFERENCES study (id), focus_minutes INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Sample:
    """Where the databases are."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    @property
    def environment(self) -> dict[str, str]:
        found = {f"CHANGEOVER_OLD_{name.upper()}_URL": f"sqlite:///{self.path(name)}" for name in OLD}
        new = f"sqlite:///{self.path('new')}"
        return {**found, "CHANGEOVER_NEW_URL": new, "SAMPLE_HOLD": str(self.gate)}

    @property
    def gate(self) -> Path:
        """While this file is there, no coupon of an amount above 500 is copied."""
        return self.folder / "hold"

    @property
    def stopping(self) -> Path:
        """This file comes when a run that is held has been told to stop, and its process knows."""
        return self.folder / "stopping"

    def execute(self, name: str, sql: str) -> list[tuple[object, ...]]:
        """Run a statement on one of the databases, as the application would."""
        with closing(sqlite3.connect(self.path(name), timeout=120)) as connection:
            found = connection.execute(sql).fetchall()
            connection.commit()
            return found

    def make_a_member_fail(self, mem_no: int) -> str:
        """Give a member two grades: a join that must not be, and so a range that fails. Returns the range's name."""
        self.execute("shop", "DROP INDEX IF EXISTS grade_member")
        self.execute("shop", f"INSERT INTO tb_grade VALUES ({mem_no}, 'silver'), ({mem_no}, 'gold')")
        first = (mem_no - 1) // 5 * 5 + 1
        return f"shop.tb_member {first:010d}-{first + 4:010d}"

    def mend_members(self) -> None:
        """Take what `make_a_member_fail` did back."""
        self.execute(
            "shop",
            "DELETE FROM tb_grade WHERE mem_no IN (SELECT mem_no FROM tb_grade WHERE grade = 'silver')",
        )
        self.execute("shop", "CREATE UNIQUE INDEX IF NOT EXISTS grade_member ON tb_grade (mem_no)")

    def count(self, name: str, table: str) -> int:
        return int(str(self.execute(name, f"SELECT count(*) FROM {table}")[0][0]))


def build(folder: Path, coupons: int = COUPONS) -> Sample:
    """Make the old databases with their rows, and an empty new one with its ledger."""
    sample = Sample(folder)
    for name, ddl in {**OLD, "new": NEW}.items():
        with closing(sqlite3.connect(sample.path(name))) as connection:
            connection.executescript(ddl)
    engine = sa.create_engine(sample.environment["CHANGEOVER_NEW_URL"])
    make_ledger(engine)
    engine.dispose()
    _fill(
        sample,
        "shop",
        "tb_category",
        [(n, f"C{n:02d}", f"category {n}", n + 1 if n % 2 else None) for n in range(1, 11)],
    )
    _fill(
        sample,
        "shop",
        "tb_product",
        [(n, f"C{n % 10 + 1:02d}", f"product {n}", f"{n}.50") for n in range(1, PRODUCTS + 1)],
    )
    _fill(
        sample, "shop", "tb_member", [(n, f"m{n}@example.com", f"member {n}") for n in range(1, MEMBERS + 1)]
    )
    _fill(sample, "shop", "tb_grade", [(n, "gold") for n in range(1, MEMBERS + 1, 4)])
    _fill(
        sample,
        "shop",
        "tb_coupon",
        [(n, n % MEMBERS + 1, str(n % 3), f"{n}.00") for n in range(1, coupons + 1)],
    )
    first = MEMBERS - SHARED + 1
    _fill(
        sample,
        "community",
        "member",
        [(n, f"m{first + n - 1}@example.com", f"nick {n}") for n in range(1, GUESTS + 1)],
    )
    _fill(
        sample,
        "study",
        '"Pomodoro Study"',
        [(n, f"study {n}", n % GUESTS + 1, 25) for n in range(1, STUDIES + 1)],
    )
    return sample


def _fill(sample: Sample, name: str, table: str, rows: list[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    with closing(sqlite3.connect(sample.path(name))) as connection:
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.commit()
