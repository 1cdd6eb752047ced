"""Foreign text on our pages: attack rows 75, 77, 92 (a link that lies), and what must survive cleaning."""

import time

import pytest

from node.web.markup import blur_cells, clean_html, plain_text, post_html, safe_url, with_emoji

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<math><annotation>x</annotation></math>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<!-- <script>alert(1)</script>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<p style='position:fixed' onclick=alert(1) id=main>x</p>",
    "<form action=/auth/sign_out><button>x</button></form>",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_comes_out_harmless(html: str) -> None:
    """Attacks row 75."""
    cleaned = clean_html(html).lower()
    for danger in (
        "<script",
        "onerror",
        "onload",
        "onclick",
        "javascript:",
        "<iframe",
        "<style",
        "style=",
        "<form",
        "id=",
    ):
        assert danger not in cleaned
    assert "href=" not in cleaned or 'href="http' in cleaned


def test_deep_nesting_is_no_way_to_crash() -> None:
    """Attacks row 75: a sanitiser that crashes is a denial of service."""
    started = time.perf_counter()
    clean_html("<blockquote>" * 10_000 + "x")
    assert time.perf_counter() - started < 20


def test_what_authors_mean_stays() -> None:
    html = "<p>A <strong>b</strong> <em>c</em><br><code>d</code></p><ul><li>e</li></ul><blockquote>f</blockquote>"
    assert clean_html(html) == html


def test_mentions_and_hashtags_lead_to_our_own_pages() -> None:
    post = {
        "content": '<p><a href="https://far.example/@bo" class="u-url mention">@bo</a> '
        '<a href="https://far.example/tags/owls" class="mention hashtag">#owls</a> '
        '<a href="https://far.example/else">link</a></p>',
        "mentions": [{"url": "https://far.example/@bo", "acct": "bo@far.example"}],
        "tags": [{"url": "https://far.example/tags/owls", "name": "owls"}],
        "emojis": [],
    }
    html = post_html(post)
    assert 'href="/@bo@far.example"' in html
    assert 'href="/tags/owls"' in html
    assert 'href="https://far.example/else"' in html


def test_a_link_cannot_hide_where_it_leads() -> None:
    """CVE-2023-36462: pieces of a link may be hidden only if the whole text is its address."""
    lie = '<a href="https://evil.test/"><span class="invisible">https://evil.test/</span>bank.example</a>'
    assert "invisible" not in clean_html(lie)
    honest = (
        '<a href="https://long.example/abc"><span class="invisible">https://</span>'
        '<span class="ellipsis">long.example</span><span class="invisible">/abc</span></a>'
    )
    assert "invisible" in clean_html(honest)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("/media/1.png", "/media/1.png"),
        ("javascript:alert(1)", "#"),
        (" javascript:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("//evil.test/x", "#"),
        ("/\\evil.test", "#"),
        (None, "#"),
    ],
)
def test_only_addresses_a_browser_may_follow(url: str | None, shown: str) -> None:
    """Attacks row 77."""
    assert safe_url(url) == shown


def test_emoji_become_images_in_text_but_not_in_tags() -> None:
    emojis = [{"shortcode": "rook", "url": "https://a.example/r.png", "static_url": "https://a.example/r.png"}]
    html = with_emoji('<a href="https://a.example/:rook:">:rook: :other:</a>', emojis)
    assert html.count("<img") == 1
    assert 'href="https://a.example/:rook:"' in html
    assert ":other:" in html


def test_an_emoji_cannot_bring_its_own_address_scheme() -> None:
    html = with_emoji(":x_x:", [{"shortcode": "x_x", "url": 'javascript:alert(1)"onload="x'}])
    assert "javascript" not in html
    assert "onload" not in html


def test_plain_text_is_one_line_of_words() -> None:
    assert plain_text("<p>One &amp; two</p><p>three<br>four</p>") == "One & two three four"
    assert plain_text("<p>" + "word " * 100 + "</p>", 20).endswith("…")


def test_blurhash_is_sketched_or_left_out() -> None:
    assert len(blur_cells("LEHV6nWB2yk8pyo0adR*.7kCMdnj")) == 12
    assert blur_cells("not one") == ()
    assert blur_cells(None) == ()
