"""How suggestions are ranked, and why each is one."""

import pytest

from node.suggestions.rules import Candidate, Names, in_order, reasons_of, suggestion_of


def test_friends_say_more_than_fame() -> None:
    famous = Candidate(account_id=1, followers=100_000)
    friend = Candidate(account_id=2, friends=5)
    assert in_order([famous, friend]) == [2, 1]
    assert [suggestion_of(one).sources for one in (friend, famous)] == [("friends_of_friends",), ("most_followed",)]


def test_the_strongest_reason_comes_first() -> None:
    both = Candidate(account_id=3, friends=1, tags=4, followers=2)
    assert suggestion_of(both).sources == ("similar_to_recently_followed", "friends_of_friends", "most_followed")


@pytest.mark.parametrize(
    ("candidate", "names", "told"),
    [
        (Candidate(account_id=1, friends=1), Names(friends=["Ann"]), "Followed by Ann, whom you follow"),
        (Candidate(account_id=1, friends=2), Names(friends=["Ann", "Bo"]), "Followed by Ann and Bo"),
        (
            Candidate(account_id=1, friends=3),
            Names(friends=["Ann", "Bo"]),
            "Followed by Ann, Bo and 1 more person you follow",
        ),
        (Candidate(account_id=1, friends=4), Names(), "Followed by 4 people you follow"),
        (Candidate(account_id=1, boosters=1), Names(boosters=["Ann"]), "Boosted lately by Ann, whom you follow"),
        (Candidate(account_id=1, tags=4), Names(tags=["a", "b", "c"]), "Writes about #a, #b and 2 more hashtags"),
        (Candidate(account_id=1, reactions=9), Names(), "Much liked, boosted and answered here lately"),
        (Candidate(account_id=1, followers=1), Names(), "Followed by at least 1 person known here"),
        (Candidate(account_id=1, picked=True), Names(), "Picked by the people who look after this server"),
        (Candidate(account_id=1, picked=True), Names(note="A friend of the house"), "A friend of the house"),
    ],
)
def test_each_reason_is_told_in_plain_words(candidate: Candidate, names: Names, told: str) -> None:
    assert reasons_of(suggestion_of(candidate), names) == [told]


def test_no_flood_of_hashtags_or_likes_beats_three_friends() -> None:
    friend = Candidate(account_id=1, friends=3)
    stuffed = Candidate(account_id=2, tags=20, reactions=5_000)
    assert in_order([stuffed, friend]) == [1, 2]


def test_a_pick_says_less_than_a_friend_and_more_than_some_fame() -> None:
    picked, friend, known = (
        Candidate(account_id=1, picked=True),
        Candidate(account_id=2, friends=1),
        Candidate(account_id=3, followers=5),
    )
    assert in_order([known, picked, friend]) == [2, 1, 3]
