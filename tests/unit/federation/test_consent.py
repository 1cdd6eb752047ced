"""Policies, stamps and requests as documents (OBJ-12 to OBJ-16)."""

from datetime import UTC, datetime

import pytest

from federation.consent import parse_policy, parse_stamp
from federation.errors import MalformedDocument
from federation.parsing import parse_post
from federation.vocabulary import PUBLIC
from federation.writing import (
    PostFacts,
    QuoteFacts,
    accept_request,
    authorization_document,
    note_document,
    quote_request,
    request_as_received,
)

ME, THEM = "https://a.example/users/1", "https://b.example/users/bo"
QUOTED, QUOTING = "https://b.example/notes/9", "https://a.example/users/1/statuses/7"
STAMP = {
    "id": "https://b.example/stamps/1",
    "type": "QuoteAuthorization",
    "attributedTo": THEM,
    "interactingObject": QUOTING,
    "interactionTarget": QUOTED,
}


def test_obj_16_policies_new_old_and_bent() -> None:
    new = {"canLike": {"automaticApproval": "as:Public", "manualApproval": [THEM, 7, "junk"]}}
    assert parse_policy(new) == {"like": {"automatic": [PUBLIC], "manual": [THEM]}}
    old = {"canReply": {"always": [PUBLIC], "approvalRequired": []}}
    assert parse_policy(old) == {"reply": {"automatic": [PUBLIC], "manual": []}}
    both = {"canAnnounce": {"automaticApproval": [], "always": [PUBLIC]}}
    assert parse_policy(both) == {"announce": {"automatic": [], "manual": []}}
    for junk in (None, "x", 1, [], {"canQuote": "everybody"}, {"canFly": {}}):
        assert parse_policy(junk) == {}


def test_obj_15_a_stamp_names_one_of_each() -> None:
    assert parse_stamp(STAMP).interacting == QUOTING
    assert parse_stamp({**STAMP, "type": "LikeApproval"}).kind == "like"
    for key in ("id", "attributedTo", "interactingObject", "interactionTarget"):
        for bent in (None, [], "junk", [THEM, QUOTED]):
            with pytest.raises(MalformedDocument):
                parse_stamp({**STAMP, key: bent})
    with pytest.raises(MalformedDocument):
        parse_stamp({**STAMP, "type": "Note"})


def facts(**fields: object) -> PostFacts:
    values: dict[str, object] = {
        "id": QUOTING,
        "author_uri": ME,
        "followers_uri": f"{ME}/followers",
        "url": QUOTING,
        "content_html": "<p>See</p>",
        "published": datetime(2026, 1, 1, tzinfo=UTC),
        "visibility": "public",
        **fields,
    }
    return PostFacts(**values)  # type: ignore[arg-type]


def test_obj_12_every_form_of_a_quote_is_written_and_read() -> None:
    quote = QuoteFacts(uri=QUOTED, url="https://b.example/@bo/9?a=1&b=2", author_uri=THEM, authorization=STAMP["id"])
    note = note_document(facts(quote=quote, may_quote=(PUBLIC,), language="en"))
    assert {note[key] for key in ("quote", "quoteUrl", "quoteUri", "_misskey_quote")} == {QUOTED}
    assert note["quoteAuthorization"] == STAMP["id"]
    assert note["cc"] == [f"{ME}/followers", THEM]
    assert note["content"].endswith("b=2</a></p>")
    assert 'class="quote-inline">RE: <a href="https://b.example/@bo/9?a=1&amp;b=2">' in note["content"]
    assert note["contentMap"] == {"en": note["content"]}
    assert note["interactionPolicy"] == {"canQuote": {"automaticApproval": [PUBLIC]}}
    for key in ("quote", "_misskey_quote", "quoteUrl", "quoteUri", "tag"):
        read = parse_post({name: value for name, value in note.items() if "uote" not in name and name != "tag"} | {
            key: note[key]
        })  # fmt: skip
        assert (read.quote_uri, read.quote_is_legacy) == (QUOTED, key != "quote")
    nobody = note_document(facts())["interactionPolicy"]
    assert nobody == {"canQuote": {"automaticApproval": [ME]}}


def test_obj_13_a_request_and_its_answer() -> None:
    request = quote_request(
        f"{ME}/quote_requests/4", ME, quoted_uri=QUOTED, author_uri=THEM, note=note_document(facts())
    )
    assert (request["type"], request["object"], request["instrument"]["id"]) == ("QuoteRequest", QUOTED, QUOTING)
    assert "@context" not in request["instrument"]
    received = request_as_received("quote", request["id"], ME, target_uri=QUOTED, interacting_uri=QUOTING)
    accept = accept_request(f"{THEM}#accepts/1", THEM, received, stamp_uri=STAMP["id"])
    assert (accept["object"]["type"], accept["object"]["id"], accept["result"]) == (
        "QuoteRequest", request["id"], STAMP["id"],
    )  # fmt: skip
    stamp = authorization_document(STAMP["id"], "quote", THEM, interacting_uri=QUOTING, target_uri=QUOTED)
    assert STAMP.items() <= stamp.items()
