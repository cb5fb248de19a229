"""What people do in the study app: work, tick off, join, leave."""

from __future__ import annotations

from typing import Any

from demo.old import texts, words
from demo.old.sample import pick
from demo.traffic.work import Action, Work

KEYS = {"pomodoro_study": "study_no", "pomodoro_participant": "part_no", "pomodoro_record": "rec_no"}


def _begin(work: Work) -> None:
    values = _record(work, work.keys.pick(work.rng, "pomodoro_participant"))
    work.made("pomodoro_record", work.insert("pomodoro_record", values, key="rec_no"))


def _finish(work: Work) -> None:
    work.run(
        "update",
        "UPDATE pomodoro_record SET focus_sec = :s, done_yn = 'Y', note = :note WHERE rec_no = :n",
        s=work.number(1_500),
        note=work.text()[:300],
        n=work.keys.pick(work.rng, "pomodoro_record"),
    )


def _progress(work: Work) -> None:
    work.run(
        "update",
        "UPDATE pomodoro_participant SET prog_txt = :text WHERE part_no = :n",
        text=f"{work.number(201) / 2:g}%",
        n=work.keys.pick(work.rng, "pomodoro_participant"),
    )


def _join(work: Work) -> None:
    values = _guest(work, work.keys.pick(work.rng, "pomodoro_study"), "M")
    work.made("pomodoro_participant", work.insert("pomodoro_participant", values, key="part_no"))


def _leave(work: Work) -> None:
    work.run(
        "update",
        "UPDATE pomodoro_participant SET out_dt = :now WHERE part_no = :n",
        now=work.now(),
        n=work.keys.pick(work.rng, "pomodoro_participant"),
    )


def _remove(work: Work) -> None:
    """The records go too, but for one in five times."""
    part = work.keys.pick(work.rng, "pomodoro_participant")
    if not work.chance(0.2):
        work.run("delete", "DELETE FROM pomodoro_record WHERE part_no = :n", n=part)
    work.run("delete", "DELETE FROM pomodoro_participant WHERE part_no = :n", n=part)
    work.gone("pomodoro_participant", part)


def _found(work: Work) -> None:
    """By somebody who has a study already: who else is in the community, this app doesn't know."""
    like = work.keys.pick(work.rng, "pomodoro_study")
    owner = work.ask("SELECT owner_uid FROM pomodoro_study WHERE study_no = :n", n=like)
    if owner is None:
        return
    values = {
        "title": f"{pick(work.rng, words.GOALS)} {work.number(9_000)}기",
        "goal": work.text(2),
        "owner_uid": owner,
        "st": "7" if work.chance(work.dirt) else "1",
        "focus_min": 25,
        "rest_min": 5,
        "max_cnt": work.number(8),
        "open_yn": "Y",
        "join_pw": "",
        "bgn_dt": work.now(),
        "end_dt": work.no_date,
        "reg_dt": work.now(),
    }
    study = work.insert("pomodoro_study", values, key="study_no")
    work.made("pomodoro_study", study)
    for role in "LMM":
        part = work.insert("pomodoro_participant", _guest(work, study, role), key="part_no")
        work.made("pomodoro_participant", part)


def _state(work: Work) -> None:
    work.run(
        "update",
        "UPDATE pomodoro_study SET st = :st, end_dt = :now WHERE study_no = :n",
        st=pick(work.rng, ("1", "2")),
        now=work.now(),
        n=work.keys.pick(work.rng, "pomodoro_study"),
    )


def _close(work: Work) -> None:
    """Its records stay behind, as ever."""
    study = work.keys.pick(work.rng, "pomodoro_study")
    work.run("delete", "DELETE FROM pomodoro_participant WHERE study_no = :n", n=study)
    work.run("delete", "DELETE FROM pomodoro_study WHERE study_no = :n", n=study)
    work.gone("pomodoro_study", study)


def _renumber_participant(work: Work) -> None:
    """A guest: a member takes part once, and the new row could only take the place of the old after its records have gone over."""
    before, after = work.keys.pick(work.rng, "pomodoro_participant"), work.fresh()
    statement = "UPDATE pomodoro_participant SET part_no = :b WHERE part_no = :a AND user_email = ''"
    if work.run("key_change", statement, a=before, b=after):
        work.run("update", "UPDATE pomodoro_record SET part_no = :b WHERE part_no = :a", a=before, b=after)
        work.gone("pomodoro_participant", before)
        work.made("pomodoro_participant", after)


def _renumber_study(work: Work) -> None:
    before, after = work.keys.pick(work.rng, "pomodoro_study"), work.fresh()
    if work.run(
        "key_change", "UPDATE pomodoro_study SET study_no = :b WHERE study_no = :a", a=before, b=after
    ):
        work.run(
            "update", "UPDATE pomodoro_participant SET study_no = :b WHERE study_no = :a", a=before, b=after
        )
        work.gone("pomodoro_study", before)
        work.made("pomodoro_study", after)


def _done_all(work: Work) -> None:
    first, last = work.keys.span(work.rng, "pomodoro_record", 40 + work.number(100))
    work.run(
        "update",
        "UPDATE pomodoro_record SET done_yn = 'Y' WHERE rec_no BETWEEN :first AND :last",
        first=first,
        last=last,
    )


def _clean_up(work: Work) -> None:
    first, last = work.keys.span(work.rng, "pomodoro_record", 20 + work.number(40))
    work.run(
        "delete", "DELETE FROM pomodoro_record WHERE rec_no BETWEEN :first AND :last", first=first, last=last
    )


def _synchronise(work: Work) -> None:
    part = work.keys.pick(work.rng, "pomodoro_participant")
    work.insert_many("pomodoro_record", [_record(work, part) for _ in range(20 + work.number(60))])


def _record(work: Work, part: int) -> dict[str, Any]:
    moment = work.now()
    return {
        "part_no": part,
        "rec_ymd": moment[:10].replace("-", ""),
        "bgn_hms": moment[11:].replace(":", ""),
        "focus_sec": work.number(1_500),
        "done_yn": "N",
        "note": "",
    }


def _guest(work: Work, study: int, role: str) -> dict[str, Any]:
    """Without an address: nobody takes part in one study twice, and only members' addresses can be looked up."""
    return {
        "study_no": study,
        "user_email": "",
        "nick": texts.nick(work.rng, work.number(1_000)),
        "role_cd": role,
        "prog_txt": "0%",
        "join_dt": work.now(),
        "out_dt": work.no_date,
    }


ACTIONS = (
    Action("begin a stretch", 25, _begin),
    Action("finish a stretch", 12, _finish),
    Action("progress", 20, _progress),
    Action("join", 5, _join),
    Action("leave", 3, _leave),
    Action("remove somebody", 2, _remove),
    Action("found a study", 2, _found),
    Action("begin or end a study", 5, _state),
    Action("close a study", 0.4, _close),
    Action("renumber a participant", 1, _renumber_participant),
    Action("renumber a study", 0.3, _renumber_study),
    Action("tick off many", 0.1, _done_all),
    Action("clean up records", 0.15, _clean_up),
    Action("synchronise a phone", 0.15, _synchronise),
)
