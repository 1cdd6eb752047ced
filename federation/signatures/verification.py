"""The judge over both schemes: which one applies, whether time, algorithm, host, digest and bytes hold."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from federation.errors import MalformedDocument, SignatureInvalid
from federation.keys import PublicKey
from federation.signatures import cavage, rfc9421
from federation.signatures.digests import check_content_digest, check_digest
from federation.signatures.request import SignatureClaim, SignedRequest, signature_fits

# SIG-7: the window of Mastodon, about 65 minutes back by default.
_SKEW: Final = timedelta(hours=1)
_LIFE: Final = timedelta(minutes=5)
_LONGEST_LIFE: Final = timedelta(hours=12)

# What a label may mean, by key type (SIG-4, SIG-11, row 9). No hmac, no "none": the key's type decides.
_RSA_LABELS: Final = {
    "cavage": frozenset({None, "rsa-sha256", "hs2019", "rsa-sha512"}),
    "rfc9421": frozenset({None, "rsa-v1_5-sha256", "rsa-pss-sha512"}),
}
_ED25519_LABELS: Final = {
    "cavage": frozenset({None, "hs2019", "ed25519"}),
    "rfc9421": frozenset({None, "ed25519"}),
}


def inspect_signature(request: SignedRequest) -> SignatureClaim:
    """Read what a request claims, and refuse what no key could save.

    SignatureInvalid: `missing_signature`, `duplicate_signature`, `too_little_covered`, `header_absent`,
    `wrong_host`, `unknown_algorithm`, `digest_missing`, `digest_unknown`, `digest_mismatch`.
    MalformedDocument: `bad_signature_header`, `bad_content_digest`.
    """
    is_rfc9421 = bool(request.values("signature-input"))
    claim = rfc9421.read_claim(request) if is_rfc9421 else cavage.read_claim(request)
    if claim.algorithm not in _RSA_LABELS[claim.scheme] | _ED25519_LABELS[claim.scheme]:
        raise SignatureInvalid("unknown_algorithm", f"the algorithm {str(claim.algorithm)[:60]!r} is not accepted")
    request.host()
    if request.method.upper() not in {"GET", "HEAD"} or request.body:
        if is_rfc9421:
            check_content_digest(request.joined("content-digest"), request.body)
        else:
            check_digest(request.joined("digest"), request.body)
    _signed_bytes(claim, request)
    return claim


def verify_signature(claim: SignatureClaim, public_key: PublicKey, *, request: SignedRequest, now: datetime) -> None:
    """Raise SignatureInvalid unless the claim holds for this key, request and time.

    Reasons: `clock_skew` (dated ahead), `expired`, `bad_date`, `algorithm_mismatch`, `signature_mismatch`.
    The claim must come from `inspect_signature` of the same request, which has checked host and digest.
    """
    _check_time(claim, request, now)
    labels = _RSA_LABELS if isinstance(public_key, RSAPublicKey) else _ED25519_LABELS
    if claim.algorithm not in labels[claim.scheme]:
        raise SignatureInvalid("algorithm_mismatch", f"{claim.algorithm} is not an algorithm of this key")
    for data in _signed_bytes(claim, request):
        if signature_fits(claim.signature, data, public_key, algorithm=claim.algorithm or ""):
            return
    raise SignatureInvalid("signature_mismatch", "the signature is not this key's over this request")


def _signed_bytes(claim: SignatureClaim, request: SignedRequest) -> list[bytes]:
    """Return what may have been signed: for cavage also the target without its query (SIG-8)."""
    if claim.scheme == "rfc9421":
        return [rfc9421.signature_base(claim, request)]
    candidates = [cavage.signing_string(claim, request)]
    if "?" in request.raw_target:
        candidates.append(cavage.signing_string(claim, request, with_query=False))
    return candidates


def _check_time(claim: SignatureClaim, request: SignedRequest, now: datetime) -> None:
    """Apply the window of SIG-7 to every date that the signature covers."""
    starts = []
    if claim.scheme == "rfc9421" or "(created)" in claim.covered:
        starts.append(_moment(claim.created))
    if claim.scheme == "cavage" and "date" in claim.covered:
        starts.append(_date(request))
    if claim.expires is not None and claim.created is not None and claim.expires < claim.created:
        raise SignatureInvalid("expired", "the signature expires before it was made")
    for start in starts:
        seconds = int((now - start).total_seconds())
        if start > now + _SKEW:
            raise SignatureInvalid(
                "clock_skew", f"dated {-seconds} s ahead of our clock; one of the two clocks is wrong"
            )
        end = _moment(claim.expires) if claim.expires is not None else start + _LIFE
        if now > min(end, start + _LONGEST_LIFE) + _SKEW:
            raise SignatureInvalid("expired", f"dated {seconds} s ago; stale, or a clock is wrong")


def _date(request: SignedRequest) -> datetime:
    try:
        moment = parsedate_to_datetime(request.joined("date") or "")
    except (ValueError, TypeError, OverflowError) as error:
        raise SignatureInvalid("bad_date", "the Date header cannot be read") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _moment(seconds: int | None) -> datetime:
    try:
        return datetime.fromtimestamp(seconds or 0, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedDocument("bad_signature_header", "created or expires is beyond every calendar") from error
