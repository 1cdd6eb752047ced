"""What went wrong, in a sentence for an operator. Used by the verbs and by `rookery up`."""

from node.base.errors import Invalid, RookeryError


def sentence_of(error: BaseException) -> str:
    """Return in one sentence what went wrong with the database or a use case."""
    from sqlalchemy.exc import DBAPIError  # here, not above: `rookery --help` need not wait for it

    cause = error.__cause__ if isinstance(error, RookeryError) else error
    if isinstance(cause, DBAPIError):
        if any(sign in str(cause.orig) for sign in ("no such table", "does not exist", "unable to open")):
            return "The database has not been prepared. Run `rookery migrate` first."
        return f"The database cannot be used: {cause.orig}"
    if isinstance(error, Invalid) and error.fields:
        return "\n".join(f"{name}: {text}" for name, texts in error.fields.items() for text in texts)
    if isinstance(error, RookeryError):
        return error.message
    return f"The database cannot be reached: {error}"
