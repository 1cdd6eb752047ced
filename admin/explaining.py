"""What went wrong, in a sentence for an operator. Used by the verbs and by `rookery up`."""

from pathlib import Path

from node.base.errors import Invalid, RookeryError
from node.base.settings import Settings

NOT_PREPARED = "The database has not been prepared. Run `rookery migrate` first."
_SQLITE = "sqlite+aiosqlite:///"


def is_missing(settings: Settings) -> bool:
    """Whether the node's SQLite file is not there yet."""
    url = settings.sqlalchemy_url
    return url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE).partition("?")[0]).exists()


def sentence_of(error: BaseException) -> str:
    """Return in one sentence what went wrong with the database or a use case."""
    from sqlalchemy.exc import DBAPIError  # here, not above: `rookery --help` need not wait for it

    cause = error.__cause__ if isinstance(error, RookeryError) else error
    if isinstance(cause, DBAPIError):
        if any(sign in str(cause.orig) for sign in ("no such table", "does not exist", "unable to open")):
            return NOT_PREPARED
        return f"The database cannot be used: {cause.orig}"
    if isinstance(error, Invalid) and error.fields:
        return "\n".join(
            text if text[:1].isupper() else f"{name}: {text}"  # a whole sentence names its subject itself
            for name, texts in error.fields.items()
            for text in texts
        )
    if isinstance(error, RookeryError):
        return error.message
    return f"The database cannot be reached: {error}"
