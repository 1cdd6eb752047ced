"""How suggestions are ranked, and why each is one."""

from node.suggestions.rules import Candidate, rank


def test_friends_say_more_than_fame() -> None:
    famous = Candidate(account_id=1, followers=100_000)
    friend = Candidate(account_id=2, friends=5)
    found = rank([famous, friend], 10)
    assert [one.account_id for one in found] == [2, 1]
    assert [one.sources for one in found] == [("friends_of_friends",), ("most_followed",)]


def test_the_strongest_reason_comes_first_and_no_more_than_asked() -> None:
    both = Candidate(account_id=3, friends=1, tags=4, followers=2)
    (found,) = rank([both, Candidate(account_id=4, followers=1)], 1)
    assert found.sources == ("similar_to_recently_followed", "friends_of_friends", "most_followed")
