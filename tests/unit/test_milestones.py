"""Which message is worth a tap: the rules without rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.milestones import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    VALUE,
    Choice,
    Facts,
    Listener,
    choose,
    next_look,
    pace,
    parse_quiet,
    quiet_until,
)
from backend.models import Milestone

T0 = 1_764_000_000_000  # 2025-11-24 16:00 UTC, midnight in Shanghai
ONE = dict.fromkeys(Milestone, "T")  # one template for everything
OWN = {m: m.value for m in Milestone}  # a template for each
EARLY = Listener(since=T0 - HOUR_MS)


def chosen(facts: Facts, listener: Listener = EARLY, left: int = 1, templates: dict[Milestone, str] = ONE) -> str:
    found = choose(facts, listener, templates, dict.fromkeys(templates.values(), left))
    return found.milestone.value if found else ""


def facts(minutes: float, photos: int = 1, **more: object) -> Facts:
    """`photos` since T0, one a second; now is so many minutes later."""
    live = [T0 + n * 1000 for n in range(photos)]
    return Facts(now=T0 + int(minutes * MINUTE_MS), live=live, **more)


def test_one_message_left_is_kept_for_the_end() -> None:
    """M3: the album's end is worth more than its beginning."""
    assert chosen(facts(1)) == ""
    assert chosen(facts(30, photos=200)) == ""
    assert chosen(facts(30, photos=200, completed_at=T0 + 30 * MINUTE_MS)) == "complete"


def test_a_second_message_goes_to_the_first_photos() -> None:
    assert chosen(facts(1), left=2) == "first_photos"


def test_retouched_photos_take_a_place_before_the_end() -> None:
    known = facts(30, photos=20, retouched=[T0 + 10 * MINUTE_MS])
    assert chosen(known, Listener(EARLY.since, frozenset({Milestone.FIRST_PHOTOS})), left=1) == ""
    assert chosen(known, Listener(EARLY.since, frozenset({Milestone.FIRST_PHOTOS})), left=2) == "retouched"


def test_templates_of_their_own_do_not_compete() -> None:
    assert chosen(facts(1), templates=OWN) == "first_photos"
    assert choose(facts(1), EARLY, OWN, {}) is None
    assert choose(facts(1), EARLY, {}, {"T": 9}) is None
    assert choose(facts(1), EARLY, OWN, {"first_photos": 1}) == Choice(Milestone.FIRST_PHOTOS, "first_photos", 1)


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        (facts(0, opens_at=T0 + HOUR_MS, photos=0), ""),
        (facts(61, opens_at=T0 + HOUR_MS, photos=0), "open"),
        (facts(61, opens_at=T0 + HOUR_MS, photos=0, completed_at=None), "open"),
        (facts(200, opens_at=T0 + HOUR_MS, photos=0), ""),  # too late to say so
        (facts(0.1), "first_photos"),
        (facts(180, photos=4), ""),  # first photos of hours ago are no news, four are no digest
        (facts(180, photos=5), "new_photos"),
        (facts(180, photos=5, completed_at=T0 + HOUR_MS), "complete"),
        (facts(12, photos=3, retouched=[T0 + 10 * MINUTE_MS]), "first_photos"),  # still being retouched
        (facts(16, photos=3, retouched=[T0 + 10 * MINUTE_MS]), "retouched"),
    ],
)
def test_what_is_ripe(known: Facts, wanted: str) -> None:
    listener = Listener(since=T0 - HOUR_MS)
    assert chosen(known, listener, left=9) == wanted


def test_somebody_who_came_after_the_first_photo_is_not_told_of_it() -> None:
    late = Listener(since=T0 + 10_000)
    assert chosen(facts(1, photos=30), late, left=9) == ""
    assert chosen(facts(6, photos=30), late, left=9) == "new_photos"  # five minutes without a photo: a digest
    assert choose(facts(6, photos=30), late, ONE, {"T": 9}) == Choice(Milestone.NEW_PHOTOS, "T", 19)


def test_whoever_subscribes_after_the_end_is_not_told_that_it_ended() -> None:
    ended = facts(60, photos=9, completed_at=T0 + 30 * MINUTE_MS)
    assert chosen(ended, Listener(since=T0 + 40 * MINUTE_MS), left=9) == ""


def test_photos_of_their_own_are_worth_most_and_told_in_rounds() -> None:
    own = [T0, T0 + 1000]
    mine = Listener(since=T0 - HOUR_MS, own=own)
    assert chosen(facts(1, photos=30), mine) == "", "the burst is not over; the one message is kept for it"
    assert chosen(facts(6, photos=30), mine) == "found"
    assert choose(facts(6, photos=30), mine, ONE, {"T": 1}) == Choice(Milestone.FOUND, "T", 2)
    told_at = T0 + 6 * MINUTE_MS
    told = frozenset({Milestone.FOUND})
    assert chosen(facts(40, photos=4), Listener(mine.since, told, told_at, own, told_at), left=9) == ""
    again = Listener(mine.since, told, told_at, [*own, T0 + 7 * MINUTE_MS], told_at)
    assert chosen(facts(25, photos=4), again, left=9) == "", "twenty minutes between two messages"
    assert choose(facts(27, photos=4), again, ONE, {"T": 9}) == Choice(Milestone.FOUND, "T", 1)
    late = Listener(since=T0 + 1000, own=own)
    assert chosen(facts(6, photos=3), late, left=9) == "", "they saw those when they asked to be told"


def test_one_message_left_waits_for_photos_of_their_own() -> None:
    mine = Listener(since=T0 - HOUR_MS, own=[T0 + 35 * MINUTE_MS], told=frozenset({Milestone.FIRST_PHOTOS}))
    ended = facts(36, photos=30, completed_at=T0 + 36 * MINUTE_MS)
    assert chosen(ended, mine) == ""
    assert chosen(ended, mine, left=2) == "complete"


def test_each_milestone_is_told_once() -> None:
    known = facts(60, photos=9, completed_at=T0 + 30 * MINUTE_MS, retouched=[T0 + 5 * MINUTE_MS])
    told: frozenset[Milestone] = frozenset()
    order = []
    for _ in range(5):
        found = choose(known, Listener(EARLY.since, told, known.now), ONE, {"T": 9})
        if found is None:
            break
        order.append(found.milestone)
        told |= {found.milestone}
    assert order == [Milestone.COMPLETE, Milestone.RETOUCHED]


def test_heavy_shooting_is_at_most_two_messages_in_ten_minutes() -> None:
    """M1: 200 photos in ten minutes, looked at every five seconds, with messages to burn."""
    told: frozenset[Milestone] = frozenset()
    told_at = [0]
    for second in range(0, 600, 5):
        live = [T0 + n * 3000 for n in range(second // 3 + 1)]
        known = Facts(now=T0 + second * 1000, live=live, retouched=live[:1])
        found = choose(known, Listener(EARLY.since, told, told_at[-1]), ONE, {"T": 99})
        if found is not None and pace(told_at[1:], known.now) <= known.now:
            told, told_at = told | {found.milestone}, [*told_at, known.now]
    assert 1 <= len(told_at) - 1 <= 2


@given(st.lists(st.integers(0, 2 * HOUR_MS), max_size=40))
def test_no_window_of_ten_minutes_holds_three(wishes: list[int]) -> None:
    sent: list[int] = []
    for now in sorted(wishes):
        if pace(sent, now) <= now:
            sent.append(now)
    assert all(later - early >= 10 * MINUTE_MS for early, later in zip(sent, sent[2:], strict=False))


@given(st.integers(0, 9), st.booleans(), st.integers(0, 300), st.integers(0, 500), st.booleans())
def test_a_cheaper_message_never_takes_the_place_of_a_dearer_one(
    left: int, retouched: bool, photos: int, minutes: int, complete: bool
) -> None:
    known = facts(
        minutes,
        photos=photos,
        retouched=[T0] if retouched and photos else [],
        completed_at=T0 + minutes * MINUTE_MS if complete and photos else None,
    )
    found = choose(known, EARLY, ONE, {"T": left})
    if found is not None:
        assert left >= 1
        if known.completed_at is None:
            assert left >= 2 or VALUE[found.milestone] >= VALUE[Milestone.COMPLETE]


@pytest.mark.parametrize(
    ("minutes", "more", "complete"),
    [
        (10, {}, False),
        (10, {"closed": True}, True),
        (10, {"completed_at": T0}, True),
        (13 * 60, {}, True),  # nobody said when it ends, nothing came for half a day
        (119, {"ends_at": T0}, False),
        (121, {"ends_at": T0}, True),
        (13 * 60, {"ends_at": T0 + 20 * HOUR_MS}, False),
    ],
)
def test_when_an_album_is_complete(minutes: int, more: dict[str, int], complete: bool) -> None:
    assert facts(minutes, **more).complete is complete
    assert not facts(minutes, photos=0, **{k: v for k, v in more.items() if k != "completed_at"}).complete


def test_an_album_that_anybody_waits_for_is_looked_at_again() -> None:
    known = facts(1)
    assert next_look(known) == T0 + 5 * MINUTE_MS
    assert next_look(facts(10)) == T0 + 25 * MINUTE_MS
    assert next_look(facts(90, completed_at=T0)) is None
    assert next_look(facts(90, ends_at=T0 + HOUR_MS)) == T0 + 105 * MINUTE_MS
    assert facts(0, ends_at=T0 - 15 * DAY_MS).over(14)
    assert not facts(0, ends_at=T0 - 13 * DAY_MS).over(14)


@pytest.mark.parametrize(
    ("hours", "hour", "awake"),
    [("23-8", 0, 8), ("23-8", 7, 8), ("23-8", 8, 8), ("23-8", 22, 22), ("23-8", 23, 32), ("1-3", 2, 3), ("", 0, 0)],
)
def test_at_night_nobody_is_told(hours: str, hour: int, awake: int) -> None:
    known = Facts(now=T0 + hour * HOUR_MS, live=[])
    assert quiet_until(known, parse_quiet(hours), "Asia/Shanghai") == T0 + awake * HOUR_MS


def test_an_event_in_progress_has_no_night() -> None:
    known = Facts(now=T0, live=[], opens_at=T0 - HOUR_MS, ends_at=T0 + HOUR_MS)
    assert quiet_until(known, (23, 8), "Asia/Shanghai") == T0


@pytest.mark.parametrize("text", ["8", "23-", "25-8", "a-b", "-1-3"])
def test_quiet_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_quiet(text)
