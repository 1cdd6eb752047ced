"""What a subscription may say, and whom and how it rings. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Final, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from node.base.errors import Invalid
from node.notifications.priorities import Priority

Policy = Literal["all", "followed", "follower", "none"]
POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)
Urgency = Literal["high", "normal", "low"]

ALERTS: Final = (
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "quote",
    "quoted_update",
    "admin.sign_up",
    "admin.report",
)
"""The types an app may ask to be rung for. A reaction rings as the like that it resembles."""

MAX_ENDPOINT: Final = 2_048
TTL: Final = timedelta(hours=48)
"""How long a push service keeps what it could not hand on, and how long we try to reach it."""
MOST_WAITING: Final = 100
"""Rings that wait for one subscription; the oldest are dropped (attack row 59)."""
LONGEST_WAIT: Final = timedelta(hours=1)
FIRST_WAIT: Final = timedelta(seconds=30)
_AUTH_BYTES: Final = 16
_POINT_BYTES: Final = 65


def alert_of(kind: str) -> str:
    """Return the alert that a kind of notification belongs to."""
    return "favourite" if kind == "reaction" else kind


def urgency_of(priority: Priority) -> Urgency:
    """Return how much a ring weighs: words of somebody they follow wake a phone at once, likes may wait for it."""
    if priority is Priority.MENTION:
        return "high"
    return "low" if priority is Priority.LIKE else "normal"


def lets_through(policy: str, *, follows_sender: bool, followed_by_sender: bool) -> bool:
    """Whether somebody's deeds ring under a policy."""
    return {"all": True, "followed": follows_sender, "follower": followed_by_sender}.get(policy, False)


def wait_after(attempts: int, *, wished: float | None) -> timedelta:
    """Return how long to wait after a failure: as long as the push service says within reason, else longer each
    time."""
    if wished is not None:
        return min(max(timedelta(seconds=wished), timedelta(seconds=1)), LONGEST_WAIT)
    longer: int = 2 ** min(max(attempts - 1, 0), 10)
    return min(FIRST_WAIT * longer, LONGEST_WAIT)


def topic_of(group: str) -> str:
    """Return the word under which a ring replaces the one before it about the same (RFC 8030, 5.4): 32 characters."""
    return to_base64(sha256(group.encode()).digest()[:24])


def read_keys(p256dh: str, auth: str) -> tuple[str, str]:
    """Return an app's public key and secret in base64url, however they came. Raises Invalid."""
    point, secret = from_base64(p256dh), from_base64(auth)
    problems: dict[str, list[str]] = {}
    if point is None or not _is_on_curve(point):
        problems["p256dh"] = ["P256dh is not a public key of the curve P-256"]
    if secret is None or len(secret) != _AUTH_BYTES:
        problems["auth"] = [f"Auth is not a secret of {_AUTH_BYTES} bytes"]
    if problems or point is None or secret is None:
        raise Invalid(fields=problems)
    return to_base64(point), to_base64(secret)


def _is_on_curve(point: bytes) -> bool:
    if len(point) != _POINT_BYTES:
        return False
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        return False
    return True


def wanted_alerts(asked: Mapping[str, bool]) -> dict[str, bool]:
    """Return every alert with whether it was asked for."""
    return {alert: bool(asked.get(alert, False)) for alert in ALERTS}


def to_base64(value: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(value).decode().rstrip("=")


def from_base64(text: str) -> bytes | None:
    """Return what base64 of either alphabet says, padded or not; None when it is none."""
    plain = text.strip().replace("+", "-").replace("/", "_").replace(" ", "-").rstrip("=")
    if len(plain) > 200 or not plain.isascii():
        return None
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except NotBase64:
        return None
