"""Typed text to HTML: client-api behaviour 19, attack rows 29, 54, 58, 75, 79."""

import re
import time
import unicodedata
from html import escape

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from node.base.settings import Settings
from node.text.sanitising import clean_html, html_to_text
from node.text.writing import (
    MAX_MENTIONS,
    MentionTarget,
    count_characters,
    find_handles,
    fold_hashtag,
    render_text,
)

SITE = Settings(public_url="https://node.test", handle_domain="handles.test")
MENTIONS = {
    "bob": MentionTarget("https://node.test/@bob", "bob"),
    "al@x.test": MentionTarget("https://x.test/@al", "Al"),
    "eve@127.0.0.1:8001": MentionTarget("http://127.0.0.1:8001/@eve", "eve"),
}


def html(text: str) -> str:
    return render_text(text, mentions=MENTIONS, settings=SITE).html


BOB = (
    '<span class="h-card" translate="no"><a href="https://node.test/@bob" class="u-url mention">'
    "@<span>bob</span></a></span>"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \n ", ""),
        ("one\ntwo\n\n\n three", "<p>one<br>two</p><p> three</p>"),
        ("a\r\nb\rc", "<p>a<br>b<br>c</p>"),
        ("<b>&amp;", "<p>&lt;b&gt;&amp;amp;</p>"),
        ("hi @bob.", f"<p>hi {BOB}.</p>"),
        (".@Bob: x", f"<p>.{BOB}: x</p>"),
        ("(@bob@handles.test)", f"<p>({BOB})</p>"),
        ("x@bob", "<p>x@bob</p>"),
        ("@@bob /@bob", "<p>@@bob /@bob</p>"),
        ("@nobody @no@where.test", "<p>@nobody @no@where.test</p>"),
        ("@bob@", "<p>@bob@</p>"),
        ("#123 a#b &#39; #", "<p>#123 a#b &amp;#39; #</p>"),
        ("https:// http://", "<p>https:// http://</p>"),
        ("https://u@x.test/", "<p>https://u@x.test/</p>"),
        ("javascript:alert(1)", "<p>javascript:alert(1)</p>"),
        ("\x00a\ud800b\x1b", "<p>ab</p>"),
    ],
)
def test_behaviour_19_text(text: str, expected: str) -> None:
    assert html(text) == expected


def test_behaviour_19_mention_shape_with_a_port_and_a_remote_name() -> None:
    assert html("@AL@X.TEST @eve@127.0.0.1:8001") == (
        '<p><span class="h-card" translate="no"><a href="https://x.test/@al" class="u-url mention">@<span>Al</span>'
        '</a></span> <span class="h-card" translate="no"><a href="http://127.0.0.1:8001/@eve" class="u-url mention">'
        "@<span>eve</span></a></span></p>"
    )
    rendered = render_text("@bob @al@x.test @bob @ghost", mentions=MENTIONS, settings=SITE)
    assert rendered.handles == ("bob", "al@x.test")


def test_behaviour_19_hashtag_shape_and_folding() -> None:
    rendered = render_text("#Straße #STRASSE ＃日本語 #हिन्दी #a·b· #1st", mentions={}, settings=SITE)
    assert rendered.hashtags == ("Straße", "日本語", "हिन्दी", "a·b", "1st")
    assert '<a href="https://node.test/tags/strasse" class="mention hashtag" rel="tag">#<span>Straße</span></a>' in (
        rendered.html
    )
    assert fold_hashtag("#ＦＯＯ") == "foo"


def test_behaviour_19_url_shape() -> None:
    assert html("see https://www.x.test/a?b=1&c=(2)).") == (
        '<p>see <a href="https://www.x.test/a?b=1&amp;c=(2)" rel="nofollow noopener" translate="no" target="_blank">'
        '<span class="invisible">https://www.</span><span>x.test/a?b=1&amp;c=(2)</span><span class="invisible"></span>'
        "</a>).</p>"
    )
    long = "https://x.test/" + "a" * 40
    assert f'<span class="ellipsis">{long[8:38]}</span><span class="invisible">{long[38:]}</span>' in html(long)


def test_row_79_the_true_host_is_never_cut() -> None:
    assert ">good.test.login.aaaaaaaaaaaaaaaaaaaaaaaa.evil.test<" in html(
        "https://good.test.login.aaaaaaaaaaaaaaaaaaaaaaaa.evil.test/x"
    )


@pytest.mark.parametrize("text", ['https://x.test/"><script>', "https://x.test/'onclick=a", '#a"b', "@bob<img src=x>"])
def test_row_75_typed_markup_stays_text(text: str) -> None:
    rendered = html(text)
    assert "<script" not in rendered
    assert "<img" not in rendered
    assert html_to_text(rendered) == text.strip()


@profile(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab@.#:/ \n<>&\"'()hтps日1é\u0301-_[]"), max_size=120))
def test_rendering_loses_no_word_and_is_what_the_sanitiser_lets_through(text: str) -> None:
    rendered = render_text("http://x.test " + text, mentions=MENTIONS, settings=SITE).html
    cleaned = clean_html(rendered)
    assert re.sub(r"\s+", "", html_to_text(rendered)) == re.sub(
        r"\s+", "", html_to_text(clean_html("http://x.test " + _escaped(text)))
    ).replace("@al@x.test", "@Al")
    assert cleaned.count("<a ") == rendered.count("<a ")


def _escaped(text: str) -> str:
    return escape(unicodedata.normalize("NFC", text))


def test_find_handles_once_each_and_capped() -> None:
    keys = [handle.key for handle in find_handles("@Bob @bob @al@X.test, @eve@127.0.0.1:8001 https://x.test/@no")]
    assert keys == ["bob", "al@x.test", "eve@127.0.0.1:8001"]
    assert len(find_handles(" ".join(f"@u{n}@x.test" for n in range(500)))) == MAX_MENTIONS


@pytest.mark.parametrize("after", ["", ".", "-", "...", ": yes", ":x", ".-, and", "\u2026", ".\n"])
@pytest.mark.parametrize("handle", ["bob", "b.ob", "bob@x.test", "bob@x.test:8001"])
def test_what_ends_a_sentence_is_no_part_of_a_handle(handle: str, after: str) -> None:
    assert [found.key for found in find_handles(f"Hello @{handle}{after}")] == [handle]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("  abc \n", 3),
        ("https://x.test/" + "a" * 500, 23),
        ("@somebody@a.very.long.domain.test hi", len("@somebody hi")),
        ("👨‍👩‍👧‍👦🇩🇪🇫🇷👍🏽", 4),
        ("e\u0301é", 2),
        ("日本語", 3),
        ("a\nb", 3),
        ("#tag", 4),
    ],
)
def test_count_characters(text: str, count: int) -> None:
    assert count_characters(text) == count


def test_row_29_marks_are_not_a_free_ride() -> None:
    assert count_characters("a" + "\u0301" * 900) > 90


@pytest.mark.parametrize(
    "unit",
    ["a.", "@a", "@a@a", " @a@a.a", "#", " #a", "a", "http://", " http://a.b", "http://a/((", "http://a/)))) ", "\n",
     "a\n \n", "@", "@a@[", "a\u0301", "-", "a-", " @a@a:", "#日本", "[[[[", "*a*a*a", "<a "],
)  # fmt: skip
@pytest.mark.parametrize("lead", ["", "@", "#", "@a@", "http://x.test/"])
def test_row_58_time_grows_with_length_only(lead: str, unit: str) -> None:
    def cost(length: int) -> float:
        text = lead + (unit * (length // len(unit)))
        begin = time.process_time()
        html(text)
        find_handles(text)
        count_characters(text)
        return time.process_time() - begin

    short = max(min(cost(6_250) for _ in range(2)), 0.002)
    assert min(cost(50_000) for _ in range(2)) < 24 * short
