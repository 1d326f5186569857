"""Which message is worth one of a guest's few «允许», and when. Rules only: no rows, no clock.

A message costs a tap that may never come again, so each milestone has a value and the dearer one is waited for: a
guest with one message left hears that the album is complete, not that the 40th photo is there. A template has taps of
its own, so milestones compete only with those that use the same template.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from backend.models import Milestone

VALUE: Final[dict[Milestone, int]] = {
    Milestone.FOUND: 50,  # you are in new photos
    Milestone.COMPLETE: 40,
    Milestone.RETOUCHED: 30,
    Milestone.FIRST_PHOTOS: 20,
    Milestone.NEW_PHOTOS: 10,
    Milestone.OPEN: 5,
}
REPEATED: Final = frozenset({Milestone.NEW_PHOTOS, Milestone.FOUND})  # told once per round, not once
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
QUIET_MS: Final = 5 * MINUTE_MS  # without a new photo: a burst is over
PATIENCE_MS: Final = 30 * MINUTE_MS  # a burst that does not end is told of all the same
DIGEST_LEAST: Final = 5  # photos that are worth a digest
DIGEST_GAP_MS: Final = 20 * MINUTE_MS  # between two messages, before a digest
FRESH_MS: Final = 2 * HOUR_MS  # later, «first photos» is no news
AFTER_END_MS: Final = 2 * HOUR_MS  # an album ends by itself this long after its event …
CALM_MS: Final = HOUR_MS  # … if nothing came for so long
FORGOTTEN_MS: Final = 12 * HOUR_MS  # … or, when nobody said when the event ends, for so long
LOOK_MS: Final = 15 * MINUTE_MS  # the longest until the next look at an album somebody wants to hear of


@dataclass(frozen=True, slots=True)
class Facts:
    """An album at one moment. Moments are ms UTC; `live` and `retouched` ascend."""

    now: int
    live: list[int]  # when each visible photo went live
    retouched: list[int] = field(default_factory=list)  # when each retouched version arrived
    opens_at: int | None = None
    ends_at: int | None = None
    closed: bool = False
    completed_at: int | None = None

    @property
    def complete(self) -> bool:
        """Nothing more is to be expected, as far as anybody can tell."""
        if self.completed_at is not None:
            return True
        if not self.live:
            return False
        calm_ms = self.now - self.live[-1]
        if self.ends_at is None:
            return self.closed or calm_ms >= FORGOTTEN_MS
        return self.closed or (self.now >= self.ends_at + AFTER_END_MS and calm_ms >= CALM_MS)

    def over(self, days: int) -> bool:
        """So long after the end that nobody wants to hear of it."""
        end = self.ends_at or (self.live[-1] if self.live else self.opens_at)
        return end is not None and self.now > end + days * DAY_MS

    @property
    def in_progress(self) -> bool:
        return self.opens_at is not None and self.ends_at is not None and self.opens_at <= self.now <= self.ends_at


@dataclass(frozen=True, slots=True)
class Listener:
    """A guest who wants to hear of the album."""

    since: int
    told: frozenset[Milestone] = frozenset()
    told_at: int = 0  # the last message about this album
    own: list[int] = field(default_factory=list)  # when each photo that is this guest's went live; ascends
    found_at: int = 0  # the last message about those


@dataclass(frozen=True, slots=True)
class Choice:
    milestone: Milestone
    template_id: str
    count: int  # photos it tells of


def ripe(facts: Facts, listener: Listener) -> dict[Milestone, int]:
    """What this guest could be told now, with the number of photos it tells of."""
    told, since, now = listener.told, listener.since, facts.now
    found: dict[Milestone, int] = {}
    if own := _found(facts, listener):
        found[Milestone.FOUND] = own
    if facts.completed_at is not None and since < facts.completed_at and Milestone.COMPLETE not in told:
        found[Milestone.COMPLETE] = len(facts.live)
    retouched = _after(facts.retouched, since)
    if retouched and Milestone.RETOUCHED not in told and now - facts.retouched[-1] >= QUIET_MS:
        found[Milestone.RETOUCHED] = retouched
    if not told - {Milestone.OPEN} and facts.live and since <= facts.live[0] and now - facts.live[0] < FRESH_MS:
        found[Milestone.FIRST_PHOTOS] = len(facts.live)
    if news := _digest(facts, listener):
        found[Milestone.NEW_PHOTOS] = news
    opened = facts.opens_at is not None and since < facts.opens_at <= now < facts.opens_at + FRESH_MS
    if opened and not facts.live and not told:
        found[Milestone.OPEN] = 0
    return found


def expected(facts: Facts, listener: Listener) -> set[Milestone]:
    """What may still become ripe for this guest."""
    found = set()
    if facts.completed_at is None:
        found.add(Milestone.COMPLETE)
    if facts.retouched and Milestone.RETOUCHED not in listener.told:
        found.add(Milestone.RETOUCHED)
    if not facts.live:
        found.add(Milestone.FIRST_PHOTOS)
    if _own_news(listener):
        found.add(Milestone.FOUND)
    return found


def choose(
    facts: Facts, listener: Listener, templates: Mapping[Milestone, str], left: Mapping[str, int]
) -> Choice | None:
    """The dearest ripe milestone that this guest can afford while keeping a message for each dearer one to come."""
    coming = expected(facts, listener)
    for milestone, count in sorted(ripe(facts, listener).items(), key=lambda item: -VALUE[item[0]]):
        template_id = templates.get(milestone)
        if template_id is None:
            continue
        dearer = [m for m in coming if VALUE[m] > VALUE[milestone] and templates.get(m) == template_id]
        if left.get(template_id, 0) > len(dearer):
            return Choice(milestone, template_id, count)
    return None


def next_look(facts: Facts) -> int | None:
    """When the album should be looked at again even if no photo comes. None: only then."""
    moments = [facts.opens_at, facts.ends_at and facts.ends_at + AFTER_END_MS]
    if facts.live:
        moments += [facts.live[-1] + wait for wait in (QUIET_MS, CALM_MS)]
    if facts.retouched:
        moments.append(facts.retouched[-1] + QUIET_MS)
    if facts.completed_at is None:
        moments.append(facts.now + LOOK_MS)
    return min((m for m in moments if m is not None and m > facts.now), default=None)


def parse_quiet(text: str) -> tuple[int, int] | None:
    """`23-8`: from 23:00 until 8:00. Empty: never. Raises ValueError."""
    if not text:
        return None
    first, dash, last = text.partition("-")
    hours = (int(first), int(last)) if dash else (24, 24)
    if not all(0 <= hour <= 23 for hour in hours):
        raise ValueError(f"{text!r} is not like 23-8")
    return hours


def quiet_until(facts: Facts, hours: tuple[int, int] | None, zone: str) -> int:
    """The moment from which guests may be told: now, or when the night ends. An event in progress has no night."""
    if hours is None or facts.in_progress:
        return facts.now
    here = datetime.fromtimestamp(facts.now / 1000, UTC).astimezone(ZoneInfo(zone))
    first, last = hours
    quiet = first <= here.hour < last if first <= last else here.hour >= first or here.hour < last
    if not quiet:
        return facts.now
    end = here.replace(hour=last, minute=0, second=0, microsecond=0)
    return int((end if end > here else end + timedelta(days=1)).timestamp() * 1000)


def pace(sent_at: Iterable[int], now: int, most: int = 2, window_ms: int = 10 * MINUTE_MS) -> int:
    """When a guest who was told at these moments may be told again: at most `most` in any `window_ms`."""
    lately = sorted(at for at in sent_at if at > now - window_ms)
    return lately[-most] + window_ms if len(lately) >= most else now


def _digest(facts: Facts, listener: Listener) -> int:
    """Photos that came since the guest was told last, once they are worth a message; else 0."""
    base = max(listener.since, listener.told_at)
    first_new = bisect_right(facts.live, base)
    count = len(facts.live) - first_new
    if count < DIGEST_LEAST or facts.now < listener.told_at + DIGEST_GAP_MS:
        return 0
    calm = facts.now - facts.live[-1] >= QUIET_MS
    return count if calm or facts.now - facts.live[first_new] >= PATIENCE_MS else 0


def _found(facts: Facts, listener: Listener) -> int:
    """Photos of this guest that came since they were told of such last: one is news, the pace is that of digests."""
    fresh = _own_news(listener)
    if not fresh or facts.now < listener.told_at + DIGEST_GAP_MS:
        return 0
    calm = facts.now - fresh[-1] >= QUIET_MS
    return len(fresh) if calm or facts.now - fresh[0] >= PATIENCE_MS else 0


def _own_news(listener: Listener) -> list[int]:
    return listener.own[bisect_right(listener.own, max(listener.since, listener.found_at)) :]


def _after(moments: list[int], since: int) -> int:
    return len(moments) - bisect_right(moments, since)
