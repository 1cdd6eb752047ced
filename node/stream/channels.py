"""What can be listened to, by the names apps use. Pure."""

from dataclasses import dataclass
from typing import Final

from node.auth.rules import scope_allows
from node.base.errors import BadRequest, Forbidden
from node.base.ids import read_id
from node.http.principals import OUT_OF_SCOPE, Guard
from node.text.writing import fold_hashtag

STATUSES: Final = "read:statuses"
NOTIFICATIONS: Final = "read:notifications"

_OF_POSTS: Final = Guard((STATUSES,))
GUARDS: Final = {
    "user": Guard((STATUSES, NOTIFICATIONS)),
    "user:notification": Guard((NOTIFICATIONS,)),
    "direct": _OF_POSTS,
    "list": _OF_POSTS,
    **{name + media: _OF_POSTS for name in ("public", "public:local", "public:remote") for media in ("", ":media")},
    "hashtag": _OF_POSTS,
    "hashtag:local": _OF_POSTS,
}
"""Every channel with what it asks for: the part of the route table that one socket serves."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One thing to listen to: a name of Mastodon's, and the folded hashtag or the list where the name asks for one."""

    name: str
    tag: str = ""
    list_id: int = 0

    @property
    def is_public(self) -> bool:
        """Whether it carries public posts."""
        return self.name.startswith("public")

    @property
    def is_hashtag(self) -> bool:
        """Whether it carries public posts with a hashtag."""
        return self.name.startswith("hashtag")

    @property
    def local(self) -> bool:
        """Whether only posts of this node belong."""
        return ":local" in self.name

    @property
    def remote(self) -> bool:
        """Whether only posts of other servers belong."""
        return ":remote" in self.name

    @property
    def only_media(self) -> bool:
        """Whether only posts with media belong."""
        return self.name.endswith(":media")

    @property
    def words(self) -> list[str]:
        """What a message says it came by."""
        what = self.tag or str(self.list_id or "")
        return [self.name, what] if what else [self.name]


def channel_of(name: str, *, tag: str = "", list_id: str = "", scopes: frozenset[str]) -> Channel:
    """Return the channel of that name. Raises BadRequest for an unknown one, Forbidden without a scope for it.

    Whose list it is, is not looked at here (`wishes.open_channel`).
    """
    guard = GUARDS.get(name)
    if guard is None:
        raise BadRequest("Unknown stream type")
    if not any(scope_allows(scopes, scope) for scope in guard.scopes):
        raise Forbidden(OUT_OF_SCOPE)
    if name == "list":
        id_ = read_id(list_id)
        if not id_:
            raise BadRequest("Missing list parameter")
        return Channel(name, list_id=id_)
    if not name.startswith("hashtag"):
        return Channel(name)
    folded = fold_hashtag(tag[:300])
    if not folded:
        raise BadRequest("Missing tag name parameter")
    return Channel(name, folded)
