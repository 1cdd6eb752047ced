"""Tokens: what a word in a query finds in a post, and that no post costs more than its bound (attack row 105)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.search.analysis import MAX_SPOTS, lexemes, spots
from node.search.documents import MAX_WORDS, Named, Source, document_of
from node.search.forms import MAX_TOKEN
from node.search.language import parse
from node.search.matching import Row, matches
from node.search.planning import make_plan
from node.search.ranking import is_far_fetched
from node.search.spelling import misspelt

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def finds(query: str, content: str, language: str | None = "en", asked_in: str = "en", **more: object) -> bool:
    tree = parse(query, now=NOW)
    assert tree is not None
    plan = make_plan(tree, names={"ann": 7, "me": 7}, languages=(asked_in, "en"))
    assert plan is not None
    source = Source(post_id=5, author_id=7, content=content, language=language, **more)  # type: ignore[arg-type]
    return matches(plan.step, Row(post_id=5, words=document_of(source).words))


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("HELLO", "<p>hello</p>"),
        ("hello world", "<p>Hello,<br>world!</p>"),
        ("cafe", "<p>Un café</p>"),
        ("café", "<p>cafe</p>"),
        ("strasse", "<p>Straße</p>"),
        ("Ångström", "<p>angstrom</p>"),
        ("running", "<p>she runs</p>"),
        ("cats", "<p>a cat</p>"),
        ("black", "<p>#BlackLivesMatter</p>"),
        ("lives", "<p>#BlackLivesMatter</p>"),
        ("blacklivesmatter", "<p>#BlackLivesMatter</p>"),
        ("#blacklivesmatter", "<p>#BlackLivesMatter</p>"),
        ('"black lives matter"', "<p>#BlackLivesMatter</p>"),
        ("source", "<p>#open_source</p>"),
        ("web", "<p>#web3</p>"),
        ("html", "<p>#HTMLParser</p>"),
        ("#café", "<p>#Café</p>"),
        ("cafe", "<p>#Café</p>"),
        ("東京", "<p>東京タワーに行った</p>"),
        ("タワー", "<p>東京タワーに行った</p>"),
        ("行", "<p>東京タワーに行った</p>"),
        ("서울", "<p>서울에서</p>"),
        ("สวัสดี", "<p>สวัสดีครับ</p>"),
        ("हिन्दी", "<p>मैं हिन्दी बोलता हूँ</p>"),
        ("😀", "<p>nice 😀👍🏽</p>"),
        ("👍", "<p>nice 😀👍🏽</p>"),
        ("🇩🇪", "<p>from 🇩🇪🇫🇷</p>"),
        ("blobcat", "<p>hi :blobcat:</p>"),
        ("example.com", '<p>see <a href="https://www.example.com/a">this</a></p>'),
        ("example.com", "<p>https://blog.example.com/my-post</p>"),
        ("post", "<p>https://blog.example.com/my-post</p>"),
        ("example", "<p>https://blog.example.com/my-post</p>"),
        ("avion", "<p>l’avion</p>"),
        ("don't", "<p>Don’t!</p>"),
        ("dont", "<p>don't</p>"),
        ("e-mail", "<p>email</p>"),
        ("email", "<p>e-mail</p>"),
        ("state-of-the-art", "<p>state of the art</p>"),
        ("3.14", "<p>pi is 3.14.</p>"),
        ("C++", "<p>C++ and more</p>"),
        ("gard*", "<p>gardening</p>"),
        ("#gard*", "<p>#Gardening</p>"),
        ("hello", "<p>h\u00adel\u200blo</p>"),
        ("ｆｕｌｌ", "<p>full</p>"),
        ("bob", '<p><a class="u-url mention" href="https://b.test/@bob">@<span>bob</span></a></p>'),
        ("@bob", '<p><a class="u-url mention" href="https://b.test/@bob">@<span>bob</span></a></p>'),
        ('"quick brown"', "<p>the <b>quick</b> brown fox</p>"),
        ("usa", "<p>the U.S.A. today</p>"),
        ("U.S.A.", "<p>USA</p>"),
        ("C#", "<p>C# or F#?</p>"),
        ("www.example.com", '<p><a href="https://www.example.com/a">this</a></p>'),
        ("example.com", "<p>see www.example.com</p>"),
        ("müller.example", '<p><a href="https://xn--mller-kva.example/">this</a></p>'),
        ("self-host", "<p>Self-hosting my mail</p>"),
        ("dom", "<p>#KölnerDom</p>"),
        ("kölner", "<p>#KölnerDom</p>"),
        ("図書館", "<p>#東京図書館2026</p>"),
        ('"図書館 2026"', "<p>#東京図書館2026</p>"),
        ("Müller", "<p>Frau Mueller</p>"),
        ("the history of bridges", "<p>bridges, a history</p>"),
        ("हिन्दी", "<p>हिंदी किताबें</p>"),
        ("खराब", "<p>हवा ख़राब है</p>"),
        ("قهوة", "<p>قهوه الصباح</p>"),
        ("١٢٣", "<p>123</p>"),
        ("ırmak", "<p>IRMAK</p>"),
        ("bread", "<p>b\u200br\u2063e\U000e0061ad</p>"),
        ("книга", "<p>новые книги о море</p>"),
        (".NET", "<p>we moved to .NET 10</p>"),
        ("net", "<p>we moved to .NET 10</p>"),
        (".gitignore", "<p>look at .gitignore.</p>"),
        ("nodejs", "<p>node.js 24 is out</p>"),
        ("node.js", "<p>#nodejs</p>"),
        ("selfhosting", "<p>self-hosted mail</p>"),
        ("self-hosted", "<p>#SelfHosting</p>"),
        ("台湾", "<p>台灣的夏天</p>"),
        ("電影", "<p>电影很好看</p>"),
        ("WHO", "<p>The WHO says so</p>"),
        ("WHO IS THAT BIRD", "<p>a bird</p>"),
        ("-running cats", "<p>a cat that runs</p>"),
        ("beginner camera", "<p>Which camera?</p><p>for a beginner</p>"),
    ],
)
def test_found(query: str, content: str) -> None:
    assert finds(query, content)


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("#black", "<p>#BlackLivesMatter</p>"),
        ("京東", "<p>東京</p>"),
        ('"brown quick"', "<p>the quick brown fox</p>"),
        ('"one three"', "<p>one two three</p>"),
        ("cat", "<p>concatenate</p>"),
        ("span", "<p><span>x</span></p>"),
        ("href", '<p><a href="https://a.test/">x</a></p>'),
        ("-cat dog", "<p>cats and dog</p>"),
        ("#cafe", "<p>#Café</p>"),
        ("from", "<p>x</p>"),
        ('"from:7"', "<p>x</p>"),
        ("fro*", "<p>x</p>"),
        ("la*", "<p>x</p>"),
        ("IT department", "<p>a department</p>"),
        ('"history of bridges"', "<p>bridges, a history</p>"),
        ("the of", "<p>of</p>"),
        ("C#", "<p>C'est bon</p>"),
        (".NET", "<p>a net, or two... nets</p>"),
        ("WHO", "<p>who knows</p>"),
        ("-cats dog", "<p>a dog and a cat</p>"),
    ],
)
def test_not_found(query: str, content: str) -> None:
    assert not finds(query, content)


@pytest.mark.parametrize(
    ("query", "content", "language"),
    [
        ("Häuser", "<p>ein Haus</p>", "de"),
        ("chevaux", "<p>des chevaux blancs</p>", "fr"),
        ("corriendo", "<p>él corre y corría</p>", "es"),
        ("книги", "<p>новая книга</p>", "ru"),
        ("bøker", "<p>boker</p>", "nb"),
        ("huizen", "<p>huizen</p>", None),
        ("Haus", "<p>Häuser zu vermieten, Küche und Bad</p>", None),
        ("Koeln", "<p>Köln am Rhein</p>", "de"),
        ("vélos", "<p>mon vélo</p>", "fr"),
        ("vélo", "<p>les vélos</p>", "fr"),
        ("l'école", "<p>les écoles</p>", "fr"),
        ("eleições", "<p>uma eleição</p>", "pt"),
        ("eleicoes", "<p>uma eleição</p>", "pt"),
        ("pão", "<p>dois pães</p>", "pt"),
        ("fiets", "<p>fietsen</p>", "nl"),
        ("fietsen", "<p>mijn fiets</p>", "nl"),
        ("huis", "<p>de huizen</p>", "nl"),
        ("deprem", "<p>Depremden sonra</p>", "tr"),
        ("kedi", "<p>mahallenin kedisi</p>", "tr"),
        ("isik", "<p>Işıklar kesildi</p>", "tr"),
        ("किताब", "<p>पुरानी किताबें</p>", "hi"),
    ],
)
def test_languages_with_stems(query: str, content: str, language: str | None) -> None:
    assert finds(query, content, language, asked_in=language or "de")


@pytest.mark.parametrize(
    ("query", "language", "near", "far"),
    [
        ("Küche", "de", "neue Küchen", "der Kuchen"),
        ("Kueche", "de", "die Küche", "der Kuchen"),
        ("Kuchen", "de", "ein Kuchen", "die Küche"),
        ("schön", "de", "schöne Tage", "schon wieder"),
        ("Müller", "de", "Frau Mueller", "die Muller"),
        ("libros", "es", "un libro", "entrada libre"),
        ("livros", "pt", "um livro", "entrada livre"),
        ("livre", "fr", "des livres", "on va livrer"),
        ("cats", "en", "a cat", "the catting"),
    ],
)
def test_what_shares_a_stem_only_is_far_fetched(query: str, language: str, near: str, far: str) -> None:
    tree = parse(query, now=NOW)
    assert tree is not None
    plan = make_plan(tree, names={}, languages=("en", language))
    assert plan is not None
    for text, is_far in ((near, False), (far, True)):
        words = document_of(Source(post_id=1, author_id=2, content=text, language=language)).words
        assert is_far_fetched(words, plan.wanted) is is_far, text


def test_everything_of_a_post_is_searched() -> None:
    whole = {
        "title": "On gardens",
        "spoiler_text": "plants",
        "media": [("image", "a red tulip"), ("gifv", "")],
        "poll_options": ["Roses", "Lilies"],
        "card": ("Bulbs in autumn", "How deep they go"),
        "named": [Named(account_id=3, username="Bob", domain="b.test:8443", is_local=False)],
        "hashtags": ["Garten"],
        "is_reply": True,
        "is_sensitive": True,
    }
    for query in (
        "gardens", "plants", "tulip", "lilies", "bulbs", "deep",
        "@bob@b.test:8443", "#garten", "tag:Garten", "has:image", "has:video",
        "has:media", "has:poll", "is:reply", "is:sensitive", "from:me", "from:ann", "lang:en",
        "hi -is:local -has:audio",
    ):  # fmt: skip
        assert finds(query, "<p>hi</p>", **whole), query
    for query in ("is:local", "to:ann", "has:link", "is:quote", "lang:de", '"plants hi"', "from:nobody"):
        assert not finds(query, "<p>hi</p>", **whole), query


def test_the_address_of_a_hashtag_is_none_of_a_post_s_words() -> None:
    tag = '<a class="mention hashtag" href="https://b.test/tags/gr%C3%A8ve" rel="tag">#<span>grève</span></a>'
    assert finds("grève", tag, hashtags=["grève"])
    assert not finds("tags", tag, hashtags=["grève"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("accomodation", "accommodation"), ("recieved", "received"), ("definately", "definitely"), ("untill", "until"),
     ("restarant", "restaurant"), ("comittee", "committee"), ("seperate", "separate"), ("libary", "library")],
)  # fmt: skip
def test_common_slips(typed: str, meant: str) -> None:
    assert meant in misspelt(typed)
    assert not misspelt("cats")
    assert not misspelt("c0vid19")
    assert len(misspelt("a" * 64)) < 1_500


def test_a_link_is_one_that_is_no_mention_and_no_hashtag() -> None:
    mention = '<a href="https://b.test/@bob" class="u-url mention">@bob</a>'
    tag = '<a class="mention hashtag" href="https://b.test/tags/x" rel="tag">#x</a>'
    assert not finds("has:link", f"<p>{mention} {tag}</p>")
    assert finds("has:link", f'<p>{mention} <a href="https://a.test/x">x</a></p>')


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "字" * 200_000,
        "#" * 100_000,
        "@a" * 50_000,
        "a\u0301" * 50_000,
        "\u200b" * 100_000 + "x",
        "a-" * 50_000,
        "https://" + "a." * 50_000,
        "#" + "aB" * 50_000,
        "ﷺ" * 20_000,
        " ".join(f"{number:060}x" for number in range(3_000)),
    ],
)
def test_row_105_a_huge_post_makes_a_bounded_document(text: str) -> None:
    """Row 105: words of a hundred thousand letters, marks without end, a text that grows as it is normalised."""
    document = document_of(Source(post_id=1, author_id=2, content=text, spoiler_text=text, language="en"))
    assert document.words.count(" ") <= MAX_SPOTS + 8
    assert len(document.words) <= 1.2 * MAX_WORDS
    assert all(len(token) <= 4 * MAX_TOKEN for token in document.tokens)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["en", "de", "ru", "ar", "", "xx"]))
def test_tokens_hold_nothing_that_means_something_to_an_engine(text: str, language: str) -> None:
    for spot in spots(text, (language,)):
        assert spot
        for token in spot:
            assert token
            assert not set(token) & set("| \n\t")
            assert ":" not in token


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abcABCéß字東한👍#@-'_.1 ", max_size=40))
def test_every_word_finds_the_text_it_was_taken_from(text: str) -> None:
    """The query's analysis and the document's are one: whatever is typed finds itself."""
    for lexeme in lexemes(text):
        tree = parse(f'"{text}"', now=NOW)
        assert tree is not None
        plan = make_plan(tree, names={}, languages=("en",))
        assert plan is not None
        words = document_of(Source(post_id=1, author_id=2, content=text, language="en")).words
        assert matches(plan.step, Row(post_id=1, words=words)), (text, lexeme, words)
