"""As many columns as a table can have."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changeover.mapping import Mapping, narrow, old
from tests.transfer.rig import Rig, assert_settled, copy, counts


@pytest.mark.parametrize(
    ("shop", "new", "width"),
    [("sqlite", "sqlite", 1_900), ("postgres", "postgres", 1_590)],
)
def test_one_bad_value_in_a_very_wide_table_is_found(
    rig: Callable[..., Rig], shop: str, new: str, width: int
) -> None:
    r = rig(new, shop=shop)
    names = [f"c{n}" for n in range(width)]
    r.run(r.old, f"CREATE TABLE t (id INT PRIMARY KEY, {', '.join(f'{name} VARCHAR(5)' for name in names)})")
    narrow_one = {"c1": "VARCHAR(2)", f"c{width - 2}": "VARCHAR(2)"}
    columns = ", ".join(f"{name} {narrow_one.get(name, 'VARCHAR(5)')}" for name in names)
    r.run(r.new, f"CREATE TABLE t (id INT PRIMARY KEY, {columns})")
    for row in range(1, 6):
        values = ["NULL"] * width
        values[1] = "'abc'" if row == 3 else "'ab'"
        values[-2] = "'abc'" if row in (3, 4) else "'ab'"
        r.run(r.old, f"INSERT INTO t VALUES ({row}, {', '.join(values)})")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {name: narrow(t[name]) for name in names}))
    done = copy(project)
    assert [d.error for d in done if d.error] == []
    assert sorted((row.root_key, row.column) for row in r.rejects()) == [
        ("3", "c1"),
        ("3", f"c{width - 2}"),
        ("4", f"c{width - 2}"),
    ]
    assert counts(done, "inserted") == (3,)
    assert_settled(project, done)
