"""What an app may do, in words for people: a line for each scope. Pure; used by the page that lets an app in."""

from collections.abc import Iterable
from dataclasses import dataclass

from node.auth.rules import scope_allows

_WORDS: dict[str, str] = {
    "profile": "See who you are: your name, your picture, your address here",
    "read": "See everything your account sees, with private posts and messages",
    "read:accounts": "See accounts and your own profile",
    "read:blocks": "See whom you block",
    "read:bookmarks": "See your bookmarks",
    "read:collections": "See your collections",
    "read:favourites": "See what you like",
    "read:filters": "See your filters",
    "read:follows": "See whom you follow and who follows you",
    "read:lists": "See your lists",
    "read:mutes": "See whom you mute",
    "read:notifications": "See your notifications",
    "read:search": "Search on your behalf",
    "read:statuses": "See posts, with private ones and messages",
    "write": "Act for you: post, delete, like, boost, and change your profile",
    "write:accounts": "Change your profile",
    "write:blocks": "Block and unblock people and servers",
    "write:bookmarks": "Bookmark posts",
    "write:collections": "Change your collections",
    "write:conversations": "Mute and remove conversations",
    "write:favourites": "Like posts",
    "write:filters": "Change your filters",
    "write:follows": "Follow and unfollow people",
    "write:lists": "Change your lists",
    "write:media": "Upload pictures and other media",
    "write:mutes": "Mute people and conversations",
    "write:notifications": "Clear your notifications",
    "write:reports": "Report people and posts",
    "write:statuses": "Write, change and delete posts",
    "follow": "See and change whom you follow, mute and block",
    "push": "Send you notifications",
    "admin:read": "See all that the people who look after this server see",
    "admin:write": "Do all that the people who look after this server do",
}
_NOUNS: dict[str, str] = {
    "accounts": "accounts",
    "reports": "reports",
    "domain_allows": "allowed servers",
    "domain_blocks": "blocked servers",
    "ip_blocks": "blocked addresses",
    "email_domain_blocks": "blocked mail providers",
    "canonical_email_blocks": "blocked mail addresses",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """One line of what an app asks for. `is_new`: it holds a token of this person already, which may not do this."""

    scope: str
    words: str
    is_new: bool = False


def words_for(scope: str) -> str:
    """Return what a scope lets an app do."""
    if scope in _WORDS:
        return _WORDS[scope]
    _, verb, noun = scope.split(":")
    return f"As somebody who looks after this server: {'see' if verb == 'read' else 'change'} {_NOUNS[noun]}"


def permissions(asked: Iterable[str], *, held: frozenset[str] = frozenset()) -> list[Permission]:
    """Return what is asked for, line by line, the widest first; what a wider scope contains is not said twice."""
    wanted = frozenset(asked)
    shown = [scope for scope in wanted if not scope_allows(wanted - {scope}, scope)]
    order = list(_WORDS)
    shown.sort(key=lambda scope: (order.index(scope) if scope in _WORDS else len(order), scope))
    return [Permission(scope, words_for(scope), bool(held) and not scope_allows(held, scope)) for scope in shown]
