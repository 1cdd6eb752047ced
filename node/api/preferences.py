"""What apps ask before the first post: the person's defaults, as flat keys."""

from typing import Any

from quart import Blueprint

from node.api.entities.accounts import Preferences
from node.auth.queries import get_user
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import answers
from node.posts.views import VISIBILITY_WORDS

blueprint = Blueprint("api_preferences", __name__, url_prefix="/api/v1")


@blueprint.get("/preferences")
@needs("read:accounts")
@answers(Preferences)
async def show(viewer: Viewer) -> dict[str, Any]:
    """Return the viewer's preferences."""
    async with runtime().read() as reader:
        user = await get_user(reader, viewer.account_id)
    policy = user.default_quote_policy
    return {
        "posting:default:visibility": VISIBILITY_WORDS[user.default_visibility],
        "posting:default:sensitive": user.default_sensitive,
        "posting:default:language": user.default_language,
        "posting:default:quote_policy": policy if policy in ("public", "followers") else "nobody",
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }
