"""The names of our cookies. The pages set them; streams read the session's."""

from urllib.parse import urlsplit

from node.base.settings import Settings


def cookie_name(settings: Settings, purpose: str = "session") -> str:
    """Return the cookie's name: `__Host-` where https allows it, the port where several nodes share a host."""
    port = urlsplit(settings.public_url).port
    return f"{'__Host-' if settings.secure else ''}rookery_{purpose}{f'_{port}' if port else ''}"
