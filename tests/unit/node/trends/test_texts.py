"""Copies of a text, and texts of their own."""

from node.trends.texts import NEAR, fingerprint, group_near

WATCHES = "<p>Buy the best watches of the season today at our shop, all cheap and fast, code {} <a href='{}'>x</a></p>"


def test_a_text_with_another_name_number_or_link_is_a_copy() -> None:
    one = fingerprint(WATCHES.format(17, "https://a.example/1"))
    other = fingerprint("<p>@ann " + WATCHES.format(99, "https://b.example/2").removeprefix("<p>") + " #buy #now")
    own = fingerprint("<p>Two herons at the lake this morning, both of them fishing for frogs</p>")
    assert (one ^ other).bit_count() <= NEAR
    assert (one ^ own).bit_count() > NEAR
    assert group_near([one, own, other]) == [0, 1, 0]


def test_what_says_next_to_nothing_is_no_copy() -> None:
    """A hundred pictures of cats under one hashtag."""
    assert fingerprint("<p>#caturday :)</p>") == fingerprint("") == 0
    assert group_near([0, 0, 0]) == [0, 1, 2]


def test_other_scripts_have_fingerprints_too() -> None:
    assert fingerprint("<p>今日は湖で二羽の鷺を見ました、とても美しい朝でした</p>")
    assert fingerprint("<p>" + "word " * 100_000 + "</p>")
