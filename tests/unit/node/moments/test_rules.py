"""Which of a trend's posts make a moment, and how posts are put in order."""

from node.moments.rules import Topic, TopicPost, cluster, in_order, may_be_passed_on, moved, title_of


def post(id_: int, author: int, score: float = 1.0, text: str = "") -> TopicPost:
    return TopicPost(id_, author, score, frozenset((text or f"word{id_} other{id_}").split()))


def test_hashtags_that_share_their_posts_are_one_moment() -> None:
    shared = [post(1, 1, 3.0), post(2, 2, 5.0)]
    found = cluster(
        [
            Topic("herons", [*shared, post(3, 3)]),
            Topic("weather", [post(7, 1), post(8, 2), post(9, 3)]),
            Topic("dawn", [*shared, post(4, 4)]),
        ]
    )
    assert [one.names for one in found] == [("herons", "dawn"), ("weather",)]
    assert [one.post_id for one in found[0].posts] == [2, 1, 4, 3], "the best first, each once"


def test_one_author_and_doubles_make_no_moment() -> None:
    flood = Topic("me", [post(n, 1) for n in range(1, 9)])
    copies = Topic("copy", [post(n, n, text="buy the very same thing now") for n in range(20, 30)])
    assert cluster([flood, copies]) == []
    (found,) = cluster([Topic("both", [*flood.posts, post(10, 2)])])
    assert len([one for one in found.posts if one.author_id == 1]) == 3, "nobody speaks alone"


def test_posts_are_moved_as_far_as_there_is_room() -> None:
    assert moved([1, 2, 3], 3, -1) == [1, 3, 2]
    assert moved([1, 2, 3], 1, -1) == [1, 2, 3]
    assert moved([1, 2, 3], 3, -99) == [3, 1, 2]
    assert moved([1, 2, 3], 9, 1) == [1, 2, 3]
    assert in_order([1, 2, 3], [3, 9, 3]) == [3, 1, 2]


def test_who_forbids_boosts_is_in_nobody_else_s_moment() -> None:
    policy = {"announce": {"automatic": ["https://there.example/friend"], "manual": []}}
    assert not may_be_passed_on(policy, curator_uri="https://here.example/ann", is_author=False)
    assert may_be_passed_on(policy, curator_uri="https://there.example/friend", is_author=False)
    assert may_be_passed_on(policy, curator_uri="", is_author=True)
    assert may_be_passed_on({}, curator_uri="", is_author=False)


def test_titles_name_a_few_hashtags() -> None:
    assert title_of(["a"]) == "#a"
    assert title_of(["a", "b", "c", "d"]) == "#a, #b and #c"
