"""What people do in the community: read, like, write, answer, and regret it."""

from __future__ import annotations

from typing import Any

from demo.old import texts, words
from demo.old.dirt import spelled_code
from demo.old.sample import pick
from demo.traffic.work import Action, Work

KEYS = {"cm_member": "uid", "cm_post": "post_no", "cm_comment": "cmt_no"}


def _read(work: Work) -> None:
    work.run(
        "update", "UPDATE cm_post SET hit = hit + 1 WHERE post_no = :n", n=work.keys.pick(work.rng, "cm_post")
    )


def _like(work: Work) -> None:
    table, key = ("cm_post", "post_no") if work.chance(0.5) else ("cm_comment", "cmt_no")
    work.run(
        "update", f"UPDATE {table} SET good = good + 1 WHERE {key} = :n", n=work.keys.pick(work.rng, table)
    )


def _post(work: Work) -> None:
    board = "여행" if work.chance(work.dirt) else pick(work.rng, ("FREE", "QNA", "REVIEW"))
    values = {
        "board_cd": spelled_code(board, work.number(1_000)),
        "uid": _author(work),
        "writer": texts.nick(work.rng, work.number(1_000)),
        "subj": pick(work.rng, words.TITLES),
        "cont": texts.html(work.rng, 1 + work.number(3)),
        **dict.fromkeys(("hit", "good", "bad", "cmt_cnt", "notice_fl", "secret_fl"), 0),
        "del_yn": "N",
        "ip": "10.0.0.1",
        "wr_dt": work.now(),
        "up_dt": work.no_date,
    }
    work.made("cm_post", work.insert("cm_post", values, key="post_no"))


def _edit_post(work: Work) -> None:
    work.run(
        "update",
        "UPDATE cm_post SET cont = :text, up_dt = :now WHERE post_no = :n",
        text=texts.html(work.rng, 2),
        now=work.now(),
        n=work.keys.pick(work.rng, "cm_post"),
    )


def _comment(work: Work) -> None:
    post = work.keys.pick(work.rng, "cm_post")
    work.made("cm_comment", work.insert("cm_comment", _comment_values(work, post, 0), key="cmt_no"))
    work.run("update", "UPDATE cm_post SET cmt_cnt = cmt_cnt + 1 WHERE post_no = :n", n=post)


def _answer(work: Work) -> None:
    answered = work.keys.pick(work.rng, "cm_comment")
    post = work.ask("SELECT post_no FROM cm_comment WHERE cmt_no = :n", n=answered)
    if post is not None:
        values = _comment_values(work, post, answered)
        work.made("cm_comment", work.insert("cm_comment", values, key="cmt_no"))


def _edit_comment(work: Work) -> None:
    work.run(
        "update",
        "UPDATE cm_comment SET cont = :text, up_dt = :now WHERE cmt_no = :n",
        text=work.text(),
        now=work.now(),
        n=work.keys.pick(work.rng, "cm_comment"),
    )


def _erase_comment(work: Work) -> None:
    """Answers to it stay."""
    number = work.keys.pick(work.rng, "cm_comment")
    work.run("delete", "DELETE FROM cm_comment WHERE cmt_no = :n", n=number)
    work.gone("cm_comment", number)


def _erase_post(work: Work) -> None:
    """Its comments go with it, but for one in ten times, when they are forgotten."""
    number = work.keys.pick(work.rng, "cm_post")
    if not work.chance(0.1):
        work.run("delete", "DELETE FROM cm_comment WHERE post_no = :n", n=number)
    work.run("delete", "DELETE FROM cm_post WHERE post_no = :n", n=number)
    work.gone("cm_post", number)


def _move_comment(work: Work) -> None:
    work.run(
        "update",
        "UPDATE cm_comment SET post_no = :post WHERE cmt_no = :n",
        post=work.keys.pick(work.rng, "cm_post"),
        n=work.keys.pick(work.rng, "cm_comment"),
    )


def _renumber_comment(work: Work) -> None:
    before, after = work.keys.pick(work.rng, "cm_comment"), work.fresh() * 1_000
    if work.run("key_change", "UPDATE cm_comment SET cmt_no = :b WHERE cmt_no = :a", a=before, b=after):
        post = work.ask("SELECT post_no FROM cm_comment WHERE cmt_no = :n", n=after)
        work.run(
            "update",
            "UPDATE cm_comment SET p_cmt_no = :b WHERE post_no = :post AND p_cmt_no = :a",
            a=before,
            b=after,
            post=post,
        )
        work.gone("cm_comment", before)
        work.made("cm_comment", after)


def _renumber_post(work: Work) -> None:
    before, after = work.keys.pick(work.rng, "cm_post"), work.fresh()
    if work.run("key_change", "UPDATE cm_post SET post_no = :b WHERE post_no = :a", a=before, b=after):
        work.run("update", "UPDATE cm_comment SET post_no = :b WHERE post_no = :a", a=before, b=after)
        work.gone("cm_post", before)
        work.made("cm_post", after)


def _hide_posts(work: Work) -> None:
    first, last = work.keys.span(work.rng, "cm_post", 40 + work.number(100))
    work.run(
        "update",
        "UPDATE cm_post SET secret_fl = :yes WHERE post_no BETWEEN :first AND :last",
        yes=work.number(2),
        first=first,
        last=last,
    )


def _erase_comments(work: Work) -> None:
    first, last = work.keys.span(work.rng, "cm_comment", 20 + work.number(40))
    work.run("delete", "DELETE FROM cm_comment WHERE cmt_no BETWEEN :first AND :last", first=first, last=last)


def _import_comments(work: Work) -> None:
    post = work.keys.pick(work.rng, "cm_post")
    work.insert_many("cm_comment", [_comment_values(work, post, 0) for _ in range(20 + work.number(60))])


def _join(work: Work) -> None:
    mark = f"{work.rng.getrandbits(48):012x}"
    values = {
        "login": f"cm{mark}",
        "passwd": mark,
        "nick": texts.nick(work.rng, work.number(1_000)),
        "email_addr": f"c.{mark}@traffic.example",
        "signature": None if work.chance(0.5) else work.text(),
        "icon_url": "",
        "pt": 0,
        "lvl": 1,
        "open_fl": work.number(2),
        "left_ymd": "",
        "reg_dt": work.now(),
        "last_dt": work.no_date,
    }
    work.made("cm_member", work.insert("cm_member", values, key="uid"))


def _visit(work: Work) -> None:
    work.run(
        "update",
        "UPDATE cm_member SET last_dt = :now, pt = pt + 1 WHERE uid = :n",
        now=work.now(),
        n=work.keys.pick(work.rng, "cm_member"),
    )


def _leave(work: Work) -> None:
    """Only who came with this traffic: others have studies, which nobody told of it."""
    uid = work.keys.own(work.rng, "cm_member")
    work.run("update", "UPDATE cm_member SET left_ymd = :day WHERE uid = :n", day=work.today(), n=uid or 0)


def _author(work: Work) -> int:
    return 0 if work.chance(0.15) else work.keys.pick(work.rng, "cm_member")


def _comment_values(work: Work, post: int, answered: int) -> dict[str, Any]:
    return {
        "post_no": post,
        "p_cmt_no": answered,
        "uid": _author(work),
        "writer": texts.nick(work.rng, work.number(1_000)),
        "cont": work.text(),
        "good": 0,
        "secret_fl": 0,
        "del_yn": "N",
        "wr_dt": work.now(),
        "up_dt": work.no_date,
    }


ACTIONS = (
    Action("read a post", 20, _read),
    Action("like", 8, _like),
    Action("write a post", 6, _post),
    Action("edit a post", 4, _edit_post),
    Action("comment", 20, _comment),
    Action("answer", 10, _answer),
    Action("edit a comment", 5, _edit_comment),
    Action("erase a comment", 5, _erase_comment),
    Action("erase a post", 1.5, _erase_post),
    Action("move a comment", 0.5, _move_comment),
    Action("renumber a comment", 1, _renumber_comment),
    Action("renumber a post", 0.5, _renumber_post),
    Action("hide many posts", 0.1, _hide_posts),
    Action("erase many comments", 0.15, _erase_comments),
    Action("import many comments", 0.15, _import_comments),
    Action("join", 3, _join),
    Action("visit", 8, _visit),
    Action("leave", 1, _leave),
)
