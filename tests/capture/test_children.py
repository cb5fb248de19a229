"""Rows that other rows refer to: what goes with its children, and what gets another key, goes and comes in the target as well."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from changeover.capture import sync
from changeover.capture.install import install
from changeover.mapping import Mapping, left_join, lookup, old
from changeover.project import Project
from tests.transfer.rig import KINDS, Rig, copy

OLD = (
    "CREATE TABLE post (no INTEGER PRIMARY KEY, title VARCHAR(20))",
    "CREATE TABLE remark (no INTEGER PRIMARY KEY, post INTEGER, answers INTEGER)",
    "INSERT INTO post VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "INSERT INTO remark VALUES (1, 1, NULL), (2, 1, 1), (3, 1, 2), (4, 2, NULL), (5, 3, NULL)",
)
NEW = (
    "CREATE TABLE article (id BIGINT PRIMARY KEY, title VARCHAR(20))",
    (
        "CREATE TABLE comment (id BIGINT PRIMARY KEY, article_id BIGINT NOT NULL, answers BIGINT, "
        "FOREIGN KEY (article_id) REFERENCES article (id), FOREIGN KEY (answers) REFERENCES comment (id))"
    ),
)
post, remark = old("shop", "post"), old("shop", "remark")
answered = old("shop", "remark", alias="answered")
MAPPINGS = (
    Mapping("article", post, {"title": post.title}),
    Mapping(
        "comment",
        remark,
        {"article_id": lookup("article", remark.post), "answers": lookup("comment", answered.no)},
        joins=(left_join(answered, answered.no == remark.answers),),
    ),
)


@pytest.fixture
def watched(rig: Callable[..., Rig]) -> Callable[[str], tuple[Rig, Project]]:
    def make(kind: str) -> tuple[Rig, Project]:
        r = rig(kind)
        r.run(r.old, *OLD)
        r.run(r.new, *NEW)
        project = r.project(*MAPPINGS)
        copy(project)
        install(project)
        copy(project)
        return r, project

    return make


def synced(project: Project) -> None:
    for _ in sync.run(project, "shop", stop=threading.Event(), once=True):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_deleted_with_its_children_is_gone_with_them(
    watched: Callable[[str], tuple[Rig, Project]], kind: str
) -> None:
    r, project = watched(kind)
    r.run(r.old, "DELETE FROM remark WHERE post = 1", "DELETE FROM post WHERE no = 1")
    synced(project)
    assert r.reject_keys() == {}
    assert r.rows("article", "id") == [(2,), (3,)]
    assert r.rows("comment", "id") == [(4,), (5,)]


@pytest.mark.parametrize("kind", KINDS)
def test_children_follow_a_row_that_gets_another_key(
    watched: Callable[[str], tuple[Rig, Project]], kind: str
) -> None:
    r, project = watched(kind)
    r.run(r.old, "UPDATE post SET no = 9 WHERE no = 1", "UPDATE remark SET post = 9 WHERE post = 1")
    r.run(r.old, "UPDATE remark SET no = 90 WHERE no = 1", "UPDATE remark SET answers = 90 WHERE answers = 1")
    synced(project)
    assert r.reject_keys() == {}
    assert r.rows("article", "id", "title") == [(2, "b"), (3, "c"), (9, "a")]
    assert r.rows("comment", "id", "article_id", "answers") == [
        (2, 9, 90),
        (3, 9, 2),
        (4, 2, None),
        (5, 3, None),
        (90, 9, None),
    ]
