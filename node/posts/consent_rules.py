"""Who may quote, like, answer and boost a post by its author's wish (OBJ-16). Pure.

A policy names groups and people: {"quote": {"automatic": ["followers"], "manual": ["public"]}}. The words "public",
"followers" and "following" are the author's groups, anything else is an actor id. The more specific entry wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from federation.vocabulary import PUBLIC

Act = Literal["quote", "like", "reply", "announce"]
Allowance = Literal["automatic", "proven", "manual", "denied"]
"""`proven`: allowed as one of a group, which only the author can confirm to others; so it is asked for too."""

QUOTE_POLICIES: Final[Mapping[str, dict[str, Any]]] = {
    "public": {"quote": {"automatic": ["public"], "manual": []}},
    "followers": {"quote": {"automatic": ["followers"], "manual": []}},
    "nobody": {"quote": {"automatic": [], "manual": []}},
    "manual": {"quote": {"automatic": [], "manual": ["public"]}},
}
"""What our people choose from; "manual" is that they are asked each time."""

OPEN: Final = ("public", "unlisted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What an account is to a post and its author."""

    uri: str = ""
    is_author: bool = False
    follows_author: bool = False
    followed_by_author: bool = False
    is_mentioned: bool = False


def policy_words(
    policy: Mapping[str, Any], *, author_uri: str, followers_url: str, following_url: str
) -> dict[str, dict[str, list[str]]]:
    """Return a policy as read from the wire with the author's groups as words; the author needs no leave."""
    words = {PUBLIC: "public", followers_url: "followers", following_url: "following"}
    words.pop("", None)
    return {
        act: {
            mode: [words.get(uri, uri) for uri in sub.get(mode, ()) if uri != author_uri]
            for mode in ("automatic", "manual")
        }
        for act, sub in policy.items()
    }


def policy_uris(entries: list[str], *, followers_url: str, following_url: str) -> tuple[str, ...]:
    """Return the entries of a policy of ours as the wire names them."""
    uris = {"public": PUBLIC, "followers": followers_url, "following": following_url}
    return tuple(uris.get(entry, entry) for entry in entries)


def quote_policy(policy: Mapping[str, Any], *, visibility: str, is_local: bool) -> Mapping[str, list[str]]:
    """Return who may quote a post.

    Of ours: anybody what is open, unless it says otherwise; nobody else's eyes are led to what is not open. A remote
    post that says nothing may be asked for: whether it is granted is its author's.
    """
    if visibility not in OPEN:
        return {"automatic": [], "manual": []}
    found: Mapping[str, list[str]] | None = policy.get("quote")
    if found is not None:
        return found
    return {"automatic": ["public"], "manual": []} if is_local else {"automatic": [], "manual": ["public"]}


def allowance(sub: Mapping[str, list[str]] | None, act: Act, relation: Relation) -> Allowance:
    """Say whether somebody may do this, by one sub-policy; None allows everybody."""
    if sub is None or relation.is_author or (act == "reply" and relation.is_mentioned):
        return "automatic"
    automatic, manual = sub.get("automatic") or [], sub.get("manual") or []
    if relation.uri in automatic:
        return "automatic"
    if relation.uri in manual:
        return "manual"
    groups = {
        name
        for name, belongs in (("followers", relation.follows_author), ("following", relation.followed_by_author))
        if belongs
    }
    if "public" in automatic and not groups.intersection(manual):
        return "automatic"
    if groups.intersection(automatic):
        return "proven"
    return "manual" if "public" in manual or groups.intersection(manual) else "denied"


def policy_word(policy: Mapping[str, Any], *, visibility: str) -> str:
    """Return which of `QUOTE_POLICIES` a post of ours has."""
    sub = quote_policy(policy, visibility=visibility, is_local=True)
    return next((word for word, known in QUOTE_POLICIES.items() if known["quote"] == sub), "nobody")
