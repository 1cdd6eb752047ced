"""What may go wrong in a use case, with a public face and a private cause.

RookeryError
├── Invalid            422  the input breaks a rule; `fields` says which
├── BadRequest         400  the request cannot be understood
├── NotSignedIn        401
├── Forbidden          403
├── NotFound           404  absent, or not to be seen by this viewer: the same answer
├── Conflict           409
├── Gone               410
├── TooLarge           413
├── TooManyRequests    429
├── GrantRefused       400  or 401: what an app asked OAuth for is refused, with a word for the app's code
└── Unavailable        503  a part we need is down; the caller may try again

`message` is for whoever asked and never holds a secret; the cause (`raise ... from`) is for the log.
Only `node/http/problems.py` turns these into responses.
"""

from collections.abc import Mapping, Sequence


class RookeryError(Exception):
    """Base of every error that has a public face."""

    status = 500
    default_message = "Something went wrong on our side."

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default_message
        super().__init__(self.message)


class Invalid(RookeryError):
    """Input that breaks a rule. `fields` maps a field's name to its messages; `details` are for an app's code."""

    status = 422
    default_message = "Validation failed"

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        details: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
    ) -> None:
        self.details = details
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}
        if message is None and self.fields:
            message = "Validation failed: " + ", ".join(t for texts in self.fields.values() for t in texts)
        super().__init__(message)


class BadRequest(RookeryError):
    status = 400
    default_message = "The request could not be understood."


class NotSignedIn(RookeryError):
    status = 401
    default_message = "The access token is invalid"


class Forbidden(RookeryError):
    status = 403
    default_message = "This action is not allowed"


class NotFound(RookeryError):
    status = 404
    default_message = "Record not found"


class Conflict(RookeryError):
    status = 409
    default_message = "Somebody changed this meanwhile."


class Gone(RookeryError):
    status = 410
    default_message = "Gone"


class TooLarge(RookeryError):
    status = 413
    default_message = "That is too large."


class TooManyRequests(RookeryError):
    status = 429
    default_message = "Too many requests"

    def __init__(self, message: str | None = None, *, retry_after: float = 60.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GrantRefused(RookeryError):
    """An app asked OAuth for something it does not get. `word` is RFC 6749's, `message` is for people."""

    status = 400

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word
        if word == "invalid_client":
            self.status = 401


class Unavailable(RookeryError):
    status = 503
    default_message = "This is not available right now. Please try again."
