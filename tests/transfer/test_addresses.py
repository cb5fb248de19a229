"""Addresses that an application keeps as text, on their way into a column of addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func

from changeover.mapping import Mapping, old
from tests.transfer.rig import KINDS, Rig, assert_settled, copy

ADDRESSES = {
    1: ("1.2.3.4", "1.2.3.4/32"),
    2: ("10.0.0.1/24", "10.0.0.1/24"),
    3: ("1.2.3.4/32", "1.2.3.4/32"),
    4: ("::1", "::1/128"),
    5: ("2001:DB8::A", "2001:db8::a/128"),
    6: ("::ffff:1.2.3.4", "::ffff:1.2.3.4/128"),
    7: ("", None),
}
OTHERS = {21: "unknown", 22: "300.1.1.1", 23: "1.2.3.4.5", 24: "1.2.3.4, 5.6.7.8", 25: "1.2.3", 26: "10:30"}


def quoted(text: str) -> str:
    return f"'{text}'" if text else "NULL"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("typed", ["inet", "cidr"])
@pytest.mark.parametrize("expression", [False, True])
def test_an_address_is_taken_with_its_netmask_or_without(
    rig: Callable[..., Rig], kind: str, typed: str, expression: bool
) -> None:
    r = rig("postgres", shop=kind)
    given = {no: text for no, (text, _) in ADDRESSES.items()} | OTHERS
    if typed == "cidr":
        given[2] = "10.0.0.0/24"
    rows = ", ".join(f"({no}, {quoted(text)})" for no, text in given.items())
    r.run(
        r.old,
        "CREATE TABLE visit (no INTEGER PRIMARY KEY, ip VARCHAR(100))",
        f"INSERT INTO visit VALUES {rows}",
    )
    r.run(r.new, f"CREATE TABLE visits (id INTEGER PRIMARY KEY, ip {typed})")
    visit = old("shop", "visit")
    project = r.project(
        Mapping("visits", visit, {"ip": func.nullif(visit.ip, "") if expression else visit.ip})
    )
    done = copy(project)
    with r.new.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, CAST(ip AS text) FROM visits ORDER BY id").all()
    wanted = {no: text for no, (_, text) in ADDRESSES.items()}
    if typed == "cidr":
        wanted[2] = "10.0.0.0/24"
    assert dict(map(tuple, found)) == wanted
    assert r.reject_keys() == {str(no): "value" for no in OTHERS}
    assert [one.error for one in done] == [None]
    r.run(r.old, f"DELETE FROM visit WHERE no IN ({', '.join(map(str, OTHERS))})")
    assert_settled(project, copy(project))
