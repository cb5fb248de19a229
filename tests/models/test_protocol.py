"""The protocol converges in every order of its steps, and each departure from it is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models.explore import Explored, explore
from tests.models.protocol import (
    BLIND,
    BROKEN,
    DIRECT,
    ONE_SNAPSHOT,
    PROTOCOL,
    Erase,
    Machine,
    Rename,
    Rules,
    Scenario,
    Write,
)

ONE_ROW = Scenario(
    source=(1,),
    sessions=(((Write(0, 2),),), ((Erase(0),),)),
    chunks=((0,),),
    copiers=((0,), (0,)),  # the second has taken the range over, and the first doesn't know yet
)
"""A row is changed and deleted while two copiers copy it."""

KEY_CHANGE = Scenario(
    source=(1, 5, None),
    sessions=(((Erase(0), Write(1, 6)),), ((Rename(1, 2),),)),
    chunks=((0, 1), (2,)),
    copiers=((0, 1),),
    crashes=0,
)
"""A transaction of two statements, and a row that goes from one chunk to another: their ids become visible out of order."""

INSTALL = Scenario(
    source=(1,),
    sessions=(((Write(0, 2),), (Erase(0),)),),
    chunks=((0,),),
    copiers=((0,),),
    appliers=1,
    installs=True,
)
"""Copying has begun when triggers are made."""

LIFE_OF_A_ROW = Scenario(
    source=(1,),
    sessions=(((Write(0, 2),), (Erase(0),)), ((Write(0, 3),),)),
    chunks=((0,),),
    copiers=((0,), (0,)),
)
"""A row is changed, deleted and inserted anew."""

TWO_COPIERS = Scenario(
    source=(1, 5, None),
    sessions=(((Write(0, 2),),), ((Rename(1, 2),),)),
    chunks=((0, 1), (2,)),
    copiers=((0,), (1,)),
)
"""A row goes from one copier's chunk to the other's."""

SHORT = {"one row": ONE_ROW, "key change": KEY_CHANGE, "install": INSTALL}
LONG = {
    "one row, two crashes": replace(ONE_ROW, crashes=2),
    "key change, a crash": replace(KEY_CHANGE, crashes=1),
    "install, two copiers": replace(KEY_CHANGE, copiers=((0, 1), (1,)), installs=True, verifies=False),
    "life of a row": LIFE_OF_A_ROW,
    "two copiers": TWO_COPIERS,
}


def assert_converges(scenario: Scenario, rules: Rules = PROTOCOL) -> None:
    found = explore(Machine(scenario, rules))
    assert found.verdict == "converges", " ; ".join(found.trace)
    assert found.quiet > 0


def first_wrong(rules: Rules, *scenarios: Scenario) -> Explored | None:
    """What the first of the scenarios shows in which something goes wrong."""
    found = (explore(Machine(scenario, rules)) for scenario in scenarios)
    return next((one for one in found if one.verdict != "converges"), None)


@pytest.mark.parametrize("name", SHORT)
def test_both_sides_converge_without_a_false_alarm(name: str) -> None:
    assert_converges(SHORT[name])


@pytest.mark.parametrize("name", SHORT)
def test_direct_writes_beside_the_entries_converge(name: str) -> None:
    assert_converges(replace(SHORT[name], crashes=0), DIRECT)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["one row", "key change", "install"])
def test_direct_writes_converge_after_a_crash(name: str) -> None:
    assert_converges(replace(SHORT[name], crashes=1), DIRECT)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LONG)
def test_both_sides_converge_in_larger_spaces(name: str) -> None:
    assert_converges(LONG[name])


def test_rows_and_pending_keys_of_one_snapshot_raise_no_false_alarm_either() -> None:
    assert first_wrong(ONE_SNAPSHOT, ONE_ROW) is None


@pytest.mark.parametrize("departure", BROKEN)
def test_a_departure_from_the_protocol_diverges(departure: str) -> None:
    unseen = [replace(scenario, verifies=False, crashes=0) for scenario in SHORT.values()]
    crashing = replace(ONE_ROW, verifies=False)  # only a crash shows what an early acknowledgement loses
    found = first_wrong(BROKEN[departure], *unseen, crashing)
    assert found is not None
    assert found.verdict == "diverged"
    assert found.trace


@pytest.mark.parametrize("departure", BLIND)
def test_a_departure_of_the_verifier_raises_a_false_alarm(departure: str) -> None:
    found = first_wrong(BLIND[departure], replace(ONE_ROW, crashes=0))
    assert found is not None
    assert found.verdict == "false alarm"
