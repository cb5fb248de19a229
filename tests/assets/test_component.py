"""Which tables one step moves."""

from __future__ import annotations

from assets.component import components
from assets.partitions import Partitions, partitions_name
from changeover.mapping import Assigned, Computed, Mapping, Registry, lookup, old


def table(target: str, root: str, *parents: str, database: str = "shop") -> Mapping:
    source = old(database, root)
    columns = {
        "n": source.n,
        **{f"{parent}_id": lookup(parent, source[parent], by="code") for parent in parents},
    }
    return Mapping(target=target, root=source, columns=columns, ids=Assigned())


def names(*mappings: Mapping) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(c.roots, c.targets) for c in components(Registry(mappings))]


def test_a_table_that_shares_nothing_is_a_step_of_its_own() -> None:
    assert names(table("a", "tb_a"), table("b", "tb_b")) == [
        (("shop.tb_a",), ("a",)),
        (("shop.tb_b",), ("b",)),
    ]


def test_targets_of_one_root_are_one_step() -> None:
    assert names(table("a", "tb_a"), table("b", "tb_a")) == [(("shop.tb_a",), ("a", "b"))]


def test_roots_of_one_target_are_one_step() -> None:
    assert names(table("a", "tb_a"), table("a", "tb_a", database="club")) == [
        (("shop.tb_a", "club.tb_a"), ("a",))
    ]


def test_a_split_and_a_merge_that_touch_are_one_step() -> None:
    found = names(
        table("a", "tb_a"), table("b", "tb_a"), table("b", "tb_b"), table("c", "tb_b"), table("d", "tb_d")
    )
    assert len(found) == 2
    assert {"a", "b", "c"} in [set(targets) for _, targets in found]


def test_parents_come_before_children() -> None:
    found = names(table("child", "tb_a", "parent"), table("parent", "tb_z"))
    assert [targets for _, targets in found] == [("parent",), ("child",)]


def test_steps_that_would_wait_for_each_other_become_one() -> None:
    # x and z share a root; z is a child of y, and y one of x: neither step could be the first.
    found = names(table("x", "tb_a"), table("z", "tb_a", "y"), table("y", "tb_b", "x"))
    assert [set(targets) for _, targets in found] == [{"x", "y", "z"}]


def test_a_step_needs_the_mappings_of_all_tables_it_looks_up_and_no_others() -> None:
    registry = Registry(
        (
            table("a", "a"),
            table("b", "b", "a"),
            table("c", "c", "b", database="club"),
            table("d", "d", database="other"),
        )
    )
    step = next(c for c in components(registry) if c.targets == ("c",))
    assert {m.target for m in registry.needed(step.targets).mappings} == {"a", "b", "c"}
    assert registry.needed(step.targets).databases == ("club", "shop")


def test_the_name_of_partitions_does_not_depend_on_the_order_of_mappings() -> None:
    one, two = table("a", "tb_a"), table("a", "tb_b")
    first, second = (components(Registry(order))[0] for order in ((one, two), (two, one)))
    assert partitions_name(first) == partitions_name(second) == "changeover/shop.tb_a+shop.tb_b"


def test_many_roots_make_a_name_of_bounded_length() -> None:
    registry = Registry(tuple(table("a", f"table_number_{n}") for n in range(40)))
    assert len(components(registry)[0].name) <= 100


def test_partition_keys_lead_back_to_their_ranges() -> None:
    roots = ("shop.tb_a", "club.Odd Name, really...")
    partitions = Partitions(roots)
    keys = [partitions.key(root, name) for root in roots for name in ("0001-0002", "a b-c d")]
    assert len(set(keys)) == 4
    assert not any("," in key or "..." in key for key in keys)
    assert partitions.by_root(keys) == {root: ["0001-0002", "a b-c d"] for root in roots}


def test_a_single_root_is_not_repeated_in_each_key() -> None:
    assert Partitions(("shop.tb_a",)).key("shop.tb_a", "0001-0002") == "0001-0002"


def test_a_computed_split_may_look_up_its_own_root() -> None:
    source = old("study", "study")
    study = Mapping(target="study", root=source, columns={"title": source.title}, ids=Assigned())
    rule = Mapping(
        target="rule", root=source, columns={"study_id": lookup("study", source.no)}, ids=Computed()
    )
    assert names(study, rule) == [(("study.study",), ("study", "rule"))]
