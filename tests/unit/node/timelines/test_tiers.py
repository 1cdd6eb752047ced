"""Tiers of authors: when they change, no post is neither pushed nor merged, whatever each process knows of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.base.settings import Settings
from node.timelines.home import FRESH, HOME_LIFE
from node.timelines.rules import (
    ACTIVE_WINDOW,
    OVERLAP,
    TIER_SECONDS,
    earlier_showings,
    is_merged,
    pushed_as,
    tier,
)

SETTINGS = Settings(push_limit=10, active_limit=20)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
TIER_LIFE = timedelta(seconds=TIER_SECONDS)


@dataclass
class Row:
    """An author's tier as it is stored."""

    now_in: str = "push"
    before: str = "push"
    changed_at: datetime = BEGIN - timedelta(days=365)


@dataclass
class HomeList:
    """A reader's list: what it holds, when it was built, until when it lives."""

    holds: set[int]
    built_at: datetime
    noted_at: datetime


@dataclass
class Node:
    """One author, some processes that keep what they know of the tier, and one reader."""

    now: datetime = BEGIN
    followers: int = 0
    row: Row = field(default_factory=Row)
    kept: dict[str, tuple[datetime, Row]] = field(default_factory=dict)
    posts: int = 0
    waiting: list[int] = field(default_factory=list)
    home: HomeList | None = None
    last_active_at: datetime = BEGIN

    def knows(self, process: str) -> Row:
        """What a process goes by; it looks anew once what it keeps is too old."""
        kept_at, row = self.kept.get(process, (self.now - 2 * TIER_LIFE, Row()))
        if self.now - kept_at >= TIER_LIFE:
            row = self.row
            self.kept[process] = (self.now, row)
        return row

    def publish(self) -> None:
        """A post commits; its fan-out comes later."""
        self.posts += 1
        self.waiting.append(self.posts)

    def fan_out(self, worker: str) -> None:
        """A worker pushes what waits."""
        if worker not in self.kept or self.now - self.kept[worker][0] >= TIER_LIFE:
            wanted = tier(self.followers, SETTINGS, now_in=self.row.now_in)
            if wanted != self.row.now_in:
                before = pushed_as(self.row.now_in, self.row.before, self.row.changed_at, self.now)
                self.row = Row(wanted, before, self.now)
        row = self.knows(worker)
        as_tier = pushed_as(row.now_in, row.before, row.changed_at, self.now)
        reaches = as_tier != "pull" and self.last_active_at >= self.now - ACTIVE_WINDOW[as_tier]
        if self.lives() and reaches:
            assert self.home is not None
            self.home.holds.update(self.waiting)
        self.waiting.clear()

    def lives(self) -> bool:
        """Whether the reader has a list."""
        return self.home is not None and self.now < self.home.noted_at + HOME_LIFE

    def read(self, process: str) -> set[int]:
        """The reader is noted to be here, then looks at home by way of some web process."""
        if self.now - self.last_active_at >= timedelta(minutes=10):
            self.last_active_at = self.now
        stale = self.lives() and self.home is not None and self.now >= self.home.noted_at + FRESH
        row = self.knows(process)
        if not self.lives() or (stale and row.now_in == "push-active"):
            self.home = HomeList(set(range(1, self.posts + 1)), self.now, self.last_active_at)
            self.kept.pop(process, None)  # what is kept of whom to merge belongs to one list
        assert self.home is not None
        self.home.noted_at = max(self.home.noted_at, self.last_active_at)
        row = self.knows(process)
        merged = set(range(1, self.posts + 1)) if is_merged(row.now_in, row.changed_at, self.home.built_at) else set()
        return self.home.holds | merged


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["post", "read", "followers", "publish", "fan out"]),
        st.integers(0, 1),
        st.sampled_from([0, 30, 301, 21 * 3_600, 25 * 3_600, 8 * 86_400]),
        st.sampled_from([0, 15, 40]),
    ),
    max_size=25,
)
UNHEARD_OF = [("read", 0, 0, 0), ("followers", 0, 0, 40), ("post", 0, 30, 0), ("read", 0, 10, 0)]
AWAY = [("followers", 0, 0, 15), ("post", 0, 0, 0), ("read", 0, 400, 0), ("post", 0, 25 * 3_600, 0), ("read", 0, 0, 0)]
ABROAD = [("read", 0, 0, 0), ("post", 0, 8 * 86_400, 0), ("read", 0, 0, 0)]
BACK_AGAIN = [("followers", 0, 0, 40), ("post", 0, 0, 0), ("read", 0, 400, 0), ("post", 0, 0, 0)]
BACK_AGAIN += [("followers", 0, 0, 0), ("post", 0, 90, 0), ("read", 0, 90, 0)]


@settings(deadline=None)
@given(STEPS)
@example(UNHEARD_OF)
@example(AWAY)
@example(ABROAD)
@example(BACK_AGAIN)
def test_no_post_is_neither_pushed_nor_merged(steps: list[tuple[str, int, int, int]]) -> None:
    """Processes that know of a change later, lists older than any change, people who were away, late fan-outs."""
    node = Node()
    for what, process, seconds, followers in steps:
        node.now += timedelta(seconds=seconds)
        if what in ("post", "publish"):
            node.publish()
        if what in ("post", "fan out"):
            node.fan_out(f"worker {process}")
        elif what == "followers":
            node.followers = followers
        elif what == "read":
            missing = set(range(1, node.posts + 1)) - node.read(f"web {process}") - set(node.waiting)
            assert not missing


def test_pushing_less_waits_until_every_reader_merges() -> None:
    changed = BEGIN
    assert pushed_as("pull", "push", changed, changed + OVERLAP - timedelta(seconds=1)) == "push"
    assert pushed_as("pull", "push", changed, changed + OVERLAP) == "pull"
    assert pushed_as("push", "pull", changed, changed) == "push"
    assert OVERLAP >= 3 * TIER_LIFE


def test_lists_from_before_a_change_are_merged_into_for_good() -> None:
    assert is_merged("push", BEGIN, BEGIN - timedelta(days=1))
    assert is_merged("push-active", BEGIN, BEGIN + OVERLAP - timedelta(seconds=1))
    assert not is_merged("push", BEGIN, BEGIN + OVERLAP)
    assert is_merged("pull", BEGIN, BEGIN + timedelta(days=1))


def test_a_list_never_outlives_the_window_in_which_its_owner_is_pushed_to() -> None:
    """`last_active_at` moves in steps of ten minutes and moves the list's end with it, so it counts, not the read."""
    assert ACTIVE_WINDOW["push"] > HOME_LIFE
    assert ACTIVE_WINDOW["push-active"] > FRESH


@pytest.mark.parametrize(
    ("followers", "now_in", "expected"),
    [
        (11, "push", "push-active"),
        (10, "push-active", "push-active"),
        (9, "push-active", "push"),
        (21, "push-active", "pull"),
        (19, "pull", "pull"),
        (18, "pull", "push-active"),
        (5, "pull", "push"),
    ],
)
def test_who_hovers_around_a_limit_does_not_change_all_the_time(followers: int, now_in: str, expected: str) -> None:
    assert tier(followers, SETTINGS, now_in=now_in) == expected


ENTRIES = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8)), max_size=30, unique_by=lambda entry: entry[0])


@settings(deadline=None)
@given(ENTRIES, st.integers(0, 30))
def test_a_post_stands_once_where_it_came_first(given_entries: list[tuple[int, int]], newest: int) -> None:
    """And what is boosted later, or where a page ends, changes nothing about what was to be seen before."""
    entries = sorted(((id_, original if original < id_ else 0) for id_, original in given_entries), reverse=True)
    shown = {id_ for id_, _ in entries} - earlier_showings(entries, {id_ for id_, _ in entries}).keys()
    posts = [original or id_ for id_, original in entries if id_ in shown]
    assert len(posts) == len(set(posts)), "each once"
    assert set(posts) == {original or id_ for id_, original in entries}, "and each of them"
    assert {id_ for id_, original in entries if not original} <= shown, "as itself where it stands itself"
    earlier = [entry for entry in entries if entry[0] <= newest]
    asked = {id_ for id_, _ in earlier}
    assert asked - earlier_showings(earlier, asked).keys() == {id_ for id_ in shown if id_ <= newest}
