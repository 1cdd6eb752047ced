"""Which link of a post counts, and what a page says of itself (attack rows 46, 58, 75, 77 to 79)."""

from datetime import UTC, datetime

import pytest

from node.base.settings import Settings
from node.cards.models import LinkCard
from node.cards.reading import MAX_TITLE, PageFacts, read_page, with_oembed
from node.cards.rules import first_link, may_claim, secure
from node.cards.views import card_view

PAGE = "https://news.example/a/1"


def page(head: str, body: str = "", *, content_type: str = "text/html", lang: str = "") -> PageFacts:
    html = f"<!doctype html><html lang='{lang}'><head>{head}</head><body>{body}</body></html>"
    return read_page(html.encode(), content_type, PAGE)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<p>Hi <a href="https://a.example/x?y=1#z">a</a></p>', "https://a.example/x?y=1"),
        ('<a class="u-url mention" href="https://a.example/@bo">@bo</a><a href="https://b.example/">b</a>',
         "https://b.example/"),
        ('<a class="mention hashtag" rel="tag" href="https://a.example/tags/x">#x</a>', None),
        ('<a rel="nofollow tag" href="https://a.example/t/x">#x</a>', None),
        ('<p class="quote-inline">RE: <a href="https://a.example/1">x</a></p><a href="https://b.example/">b</a>',
         "https://b.example/"),
        ('<a href="https://quoted.example/1/">x</a>', None),
        ('<a href="https://own.example/@ann/1">x</a><a href="https://b.example/">b</a>', "https://b.example/"),
        ('<a href="javascript:alert(1)">x</a><a href="mailto:a@b">y</a><a href="https://a@b.example/">z</a>', None),
        ('<a href="https://' + "a" * 3000 + '.example/">x</a>', None),
        ("no link, <b>none</b>", None),
    ],
)  # fmt: skip
def test_the_first_link_of_the_authors_own(html: str, found: str | None) -> None:
    assert first_link(html, but_not=["https://quoted.example/1"], own_hosts={"own.example"}) == found


def test_a_page_in_full() -> None:
    facts = page(
        """<title>Old title</title>
        <meta property="og:title" content="A &amp; B"><meta property="og:description" content=" What\nit says ">
        <meta property="og:site_name" content="The News"><meta property="og:image" content="/i.png">
        <meta property="og:image:alt" content="A picture"><meta property="article:published_time"
        content="2026-11-20T10:00:00+02:00"><link rel="canonical" href="/canonical">
        <meta name="fediverse:creator" content="@ann@node.example">
        <link rel="alternate" type="application/json+oembed" href="/oembed?x=1">
        <script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "author":
          [{"@type": "Person", "name": "Ann A.", "url": "https://news.example/ann"}]}]}</script>""",
        lang="en-GB",
    )
    assert facts == PageFacts(
        url="https://news.example/canonical",
        title="A & B",
        description="What it says",
        language="en",
        author_name="Ann A.",
        author_url="https://news.example/ann",
        creator="@ann@node.example",
        provider_name="The News",
        published_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        image_url="https://news.example/i.png",
        image_description="A picture",
        oembed_url="https://news.example/oembed?x=1",
    )


def test_what_a_page_says_less_well() -> None:
    facts = page(
        "<title> Only\n a title </title><meta name='twitter:description' content='tweet'>"
        "<meta property='article:author' content='Somebody'><meta property='og:locale' content='de_DE'>"
    )
    assert (facts.title, facts.description, facts.language) == ("Only a title", "tweet", "de")
    assert (facts.author_name, facts.author_url) == ("", "")
    assert facts.published_at is None


def test_row_77_addresses_are_web_addresses() -> None:
    facts = page(
        "<title>x</title><meta property='og:image' content='data:image/png;base64,AA'>"
        "<link rel='canonical' href='javascript:alert(1)'><meta property='article:author' content='javascript:x'>"
        '<script type="application/ld+json">{"@type":"Article","author":{"name":"n","url":"vbscript:x"}}</script>'
    )
    assert (facts.url, facts.image_url, facts.author_url) == (PAGE, "", "")


def test_row_79_a_page_cannot_call_itself_by_anothers_name() -> None:
    assert page("<link rel='canonical' href='https://good.example/x'><title>x</title>").url == PAGE


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
        "<iframe srcdoc=x></iframe>", "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<math><annotation>x",
    ],
)  # fmt: skip
def test_rows_75_and_78_texts_only(evil: str) -> None:
    """In, and out again from a row that is older than today's rules."""
    quoted = evil.replace("&", "&amp;").replace('"', "&quot;")
    facts = page(
        f'<meta property="og:title" content="T {quoted}"><meta property="og:description" content="{quoted}">'
        f'<meta property="og:site_name" content="{quoted}"><meta property="og:video" content="https://evil.example/v">'
    )
    added = with_oembed(PageFacts(url=PAGE), b'{"title": "<b>t</b>", "html": "<iframe src=https://evil.example>"}')
    assert added.title == "t"
    card = LinkCard(
        url=PAGE, page_url="javascript:alert(1)", title=f"T {evil}", description=evil, author_name=evil,
        author_url="data:text/html,x", provider_name=evil, image_description=evil, language="", image_key="",
        image_width=0, image_height=0, blurhash="",
    )  # fmt: skip
    shown = card_view(card, None, settings=Settings())
    assert (shown["url"], shown["author_url"], shown["html"], shown["embed_url"]) == (PAGE, "", "", "")
    for text in (facts.title, facts.description, facts.provider_name, *map(str, shown.values())):
        assert "<" not in text
        assert "evil.example" not in text


def test_caps_and_time() -> None:
    """Rows 58 and 59: long texts are cut, and a hostile page is read no further than an honest one."""
    facts = page(f"<title>{'x' * 5000}</title>")
    assert len(facts.title) == MAX_TITLE
    for evil in (
        b"<a " * 300_000, b"<meta content=x " * 60_000, b"<div>" * 200_000, b"<!--" * 200_000, b"\x00\xff" * 500_000,
        b'<script type="application/ld+json">' + b"[" * 150_000, b"<title>" + b"&lt;" * 200_000,
    ):  # fmt: skip
        assert read_page(b"<title>T</title>" + evil, "text/html; charset=utf-16-bogus", PAGE).title == "T"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>Grüße</title>".encode("latin-1"), "text/html; charset=iso-8859-1"),
        (b"<meta charset='latin1'>" + "<title>Grüße</title>".encode("latin-1"), "text/html"),
        ("<title>Grüße</title>".encode(), "text/html"),
        ("<title>Grüße</title>".encode(), "text/html; charset=nonsense"),
        ("<title>Grüße</title>".encode(), "text/html; charset=base64"),
    ],
)
def test_letters_of_every_kind(body: bytes, content_type: str) -> None:
    assert read_page(body, content_type, PAGE).title == "Grüße"


@pytest.mark.parametrize(
    ("domains", "may"),
    [
        (["news.example"], True),
        (["other.example", "NEWS.example."], True),
        (["example"], False),
        (["a.news.example", "xnews.example", "news.example.evil.test"], False),
        (["https://news.example/", "*", "*.example", ""], False),
        ([{"id": "news.example"}, ["news.example"], None, 5], False),
        ([], False),
    ],
)
def test_row_46_only_the_exact_host_as_a_text(domains: list[object], may: bool) -> None:
    assert may_claim(PAGE, domains) is may


def test_only_https_is_asked() -> None:
    assert secure("http://a.example/x") == "https://a.example/x"
    assert secure("https://a.example/x") == "https://a.example/x"
