"""The one outbound HTTP client of the program (SIG-20, DLV-7): documents, bytes and deliveries.

Everything that leaves for another server goes through here, so that each rule stands in one place: the guard
of `egress` on every hop, at most 3 redirects, each re-signed for its own host (row 69), 30 s in total, 5 to
connect, 10 to read, a cap on the *decompressed* size, few requests at a time to one host, no cookies, no
proxies from the environment, never to our own host.

A document is believed only when its owner served it (INB-5): the answer is 200 with an ActivityPub type, its
`id` is the URL that was asked (or is asked next), and the final URL is of the same origin as that id.

What a failure means (retry, negative cache, breaker, other signature scheme) is the caller's business; the
errors carry what is needed for it.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import IO, Final
from urllib.parse import urljoin

import httpx

from federation.answers import (
    Answer,
    FetchedBytes,
    FetchedDocument,
    PostResult,
    Probe,
    Validators,
    failure_of,
    read_body,
    read_document,
    retry_after,
    verdict_of,
)
from federation.egress import EgressPolicy
from federation.errors import (
    EgressRefused,
    FederationError,
    FetchFailed,
    MalformedDocument,
    OriginMismatch,
)
from federation.exchanges import Exchange, Verdict, kind_of
from federation.gates import HostGate
from federation.origins import Origin, is_http_uri, parse_origin, split_port, split_uri, without_fragment
from federation.signatures import (
    SignatureWish,
    SignedRequest,
    SigningKey,
    read_wish,
    sign_request,
    sign_request_rfc9421,
)
from federation.signatures.diagnosis import read_claim, rebuilt_signing_string
from federation.signatures.request import Scheme
from federation.transport import GuardedTransport
from federation.vocabulary import AP_TYPE, LD_TYPE, MAX_BODY

TOTAL_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 12.0
MAX_REDIRECTS: Final = 3
MAX_POST_ANSWER: Final = 64 * 1024
DOCUMENT_ACCEPT: Final = f"{AP_TYPE}, {LD_TYPE}"

_EXCERPT: Final = 500
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

HopCheck = Callable[[str], Awaitable[None]]
"""Raises EgressRefused for a URL that must not be asked, whoever led there."""

OnExchange = Callable[[Exchange], None]
"""Hears of every request that left, or was not let out, and how it ended."""


class FederationClient:
    """One per process; close it with `aclose`. `clock` dates the signatures.

    `may_ask` is put before every GET, the first one and each after a redirect: the operator's own rules (MOD-2).
    """

    def __init__(
        self,
        *,
        egress: EgressPolicy,
        user_agent: str,
        clock: Callable[[], datetime],
        first_party_host: str,
        posts_per_host: int = 2,
        gets_per_host: int = 4,
        max_connections: int = 200,
        ssl_context: ssl.SSLContext | None = None,
        may_ask: HopCheck | None = None,
        on_exchange: OnExchange | None = None,
    ) -> None:
        self.egress = egress
        self._may_ask = may_ask
        self._on_exchange = on_exchange
        self.given_tls_context = ssl_context
        self._user_agent = user_agent
        self._clock = clock
        self._first_party_host = first_party_host
        self._transport = GuardedTransport(egress, max_connections=max_connections, ssl_context=ssl_context)
        self._posts = HostGate(posts_per_host)
        self._gets = HostGate(gets_per_host)

    async def aclose(self) -> None:
        """Close all connections; requests under way fail."""
        await self._transport.aclose()

    async def base_url_for(self, domain: str) -> str:
        """Return `https://domain`, or `http://domain` for a host in the insecure networks."""
        host, _ = split_port(domain)
        scheme = "http" if await self.egress.uses_plain_http(host) else "https"
        return f"{scheme}://{domain}"

    async def fetch_document(
        self,
        uri: str,
        *,
        signer: SigningKey | None,
        accept: str = DOCUMENT_ACCEPT,
        scheme: Scheme = "cavage",
        known: Validators | None = None,
    ) -> FetchedDocument:
        """Fetch an ActivityPub document from its owner (INB-5).

        A document with another id than asked is thrown away and fetched from that id, once. A 401 that
        says what to sign is tried once more with that (SIG-13); one on a URL with a query with a signature over the
        path alone (SIG-8). `known` is the version we have: FetchUnchanged when there is no other.

        FetchGone (404, 410), FetchRefused (401, 403), FetchFailed (`wrong_content_type`, `too_large`,
        `http_status`, `timeout`, ...), OriginMismatch (`id_mismatch`), MalformedDocument, EgressRefused.
        """
        asked = without_fragment(uri)
        fetched = await self.fetch_bytes(
            asked, accept=accept, limit=MAX_BODY, signer=signer, scheme=scheme, known=known
        )
        found, document_id = self._read_document(asked, fetched)
        if found is not None:
            return found
        fetched = await self.fetch_bytes(
            without_fragment(document_id), accept=accept, limit=MAX_BODY, signer=signer, scheme=scheme
        )
        found, second_id = self._read_document(document_id, fetched)
        if found is None:
            raise OriginMismatch("id_mismatch", f"asked for {document_id[:200]}, which calls itself {second_id[:200]}")
        return found

    def _read_document(self, asked: str, fetched: FetchedBytes) -> tuple[FetchedDocument | None, str]:
        try:
            return read_document(asked, fetched)
        except FederationError as error:
            self._note_judged("GET", fetched.final_url, DOCUMENT_ACCEPT, error, status=200)
            raise

    async def fetch_bytes(
        self,
        url: str,
        *,
        accept: str,
        limit: int,
        signer: SigningKey | None = None,
        scheme: Scheme = "cavage",
        cut: bool = False,
        into: IO[bytes] | None = None,
        seconds: float | None = None,
        known: Validators | None = None,
    ) -> FetchedBytes:
        """GET a URL, following up to 3 redirects; a status other than 200 is an error, see `fetch_document`.

        `cut`: of a body beyond `limit` the beginning is enough, else it is an error. `into`: the body goes there and
        not into memory; for what is large, which may take `seconds`.
        """
        try:
            answer = await self._get(
                url, accept, limit, signer, scheme, with_query=True, cut=cut, into=into, seconds=seconds, known=known
            )
        except EgressRefused as error:
            self._note_judged("GET", url, accept, error, status=None)
            raise
        if answer.status == 401 and signer is not None and scheme == "cavage":
            wish = read_wish(answer.headers.get("accept-signature", ""), key_id=signer.key_id, has_body=False)
            if wish is not None:
                answer = await self._get(url, accept, limit, signer, "rfc9421", with_query=True, wish=wish, known=known)
            elif "?" in answer.url:
                answer = await self._get(url, accept, limit, signer, scheme, with_query=False, known=known)
        if answer.status != 200:
            raise failure_of(answer, retry_after(answer.headers.get("retry-after"), self._clock()))
        content_type = answer.headers.get("content-type", "")
        return FetchedBytes(answer.body, content_type, answer.url, Validators.read(answer.headers))

    async def post_activity(
        self,
        inbox_url: str,
        body: bytes,
        *,
        signer: SigningKey,
        scheme: Scheme = "cavage",
        wish: SignatureWish | None = None,
        more: Mapping[str, str] | None = None,
    ) -> PostResult:
        """Deliver a body, signed now (SIG-7); every status is a result, only a broken exchange is an error.

        `wish` is what the peer asked for when it refused the last try (SIG-13); it goes with RFC 9421. `more` are
        further headers, signed like the others.

        301, 302 and 303 are reported, never followed; 307 and 308 within the same host (or its www form) are
        re-signed and followed once (DLV-8).
        """
        url = inbox_url
        for last in (False, True):
            try:
                headers = self._signed("POST", url, signer, scheme, body=body, wish=wish, more=more)
                answer = await self._exchange("POST", url, headers, body, MAX_POST_ANSWER, self._posts, TOTAL_SECONDS)
            except EgressRefused as error:
                self._note_judged("POST", url, "", error, status=None)
                raise
            location = answer.headers.get("location")
            if last or answer.status not in {307, 308} or location is None:
                break
            target = urljoin(url, location)
            if not _same_site(url, target):
                break
            url = target
        return PostResult(
            status=answer.status,
            retry_after=retry_after(answer.headers.get("retry-after"), self._clock()),
            body_excerpt=answer.body[:_EXCERPT].decode("utf-8", "replace"),
            wish=read_wish(answer.headers.get("accept-signature", ""), key_id=signer.key_id, has_body=True),
        )

    async def post_push(self, endpoint: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        """Hand an encrypted message to a push service; every status is a result, redirects are never followed.

        EgressRefused, FetchFailed. Of the address only the host is kept in the list of exchanges: who knows the rest
        may ring.
        """
        origin = self._checked(endpoint)
        sent = {"Host": origin.host_port, **headers}
        answer = await self._exchange(
            "POST", endpoint, sent, body, MAX_POST_ANSWER, self._posts, TOTAL_SECONDS, noted=f"{origin}/"
        )
        return PostResult(
            status=answer.status,
            retry_after=retry_after(answer.headers.get("retry-after"), self._clock()),
            body_excerpt=answer.body[:_EXCERPT].decode("utf-8", "replace"),
        )

    async def probe(
        self,
        url: str,
        *,
        accept: str = DOCUMENT_ACCEPT,
        signer: SigningKey | None = None,
        scheme: Scheme = "cavage",
        body: bytes | None = None,
    ) -> Probe:
        """Send one request, a POST where there is a body, and return whatever comes, for `rookery inspect`.

        EgressRefused, FetchFailed where nothing comes.
        """
        method = "GET" if body is None else "POST"
        if body is None and self._may_ask is not None:
            await self._may_ask(url)
        headers = {"Host": self._checked(url).host_port}
        if signer is not None:
            headers = self._signed(method, url, signer, scheme, body=body)
        headers["Accept"] = accept
        sent_at, target = self._clock(), split_uri(url)[1]
        answer = await self._exchange(method, url, headers, body, MAX_BODY, self._gets, PROBE_SECONDS, whole=True)
        as_sent = SignedRequest(
            method, target, tuple(headers.items()), body or b"", frozenset({headers["Host"]}), parse_origin(url).scheme
        )
        claim = None if signer is None else read_claim(as_sent)
        text = "" if claim is None else rebuilt_signing_string(claim, as_sent)
        return Probe(url, answer.status, answer.headers, answer.body, sent_at, text)

    def tls_context(self) -> ssl.SSLContext:
        """Return how this client judges certificates: by what it was given, else by the public authorities."""
        return self._transport.tls_context()

    async def _get(
        self,
        url: str,
        accept: str,
        limit: int,
        signer: SigningKey | None,
        scheme: Scheme,
        *,
        with_query: bool,
        wish: SignatureWish | None = None,
        cut: bool = False,
        into: IO[bytes] | None = None,
        seconds: float | None = None,
        known: Validators | None = None,
    ) -> Answer:
        loop = asyncio.get_running_loop()
        left = TOTAL_SECONDS if seconds is None else seconds
        for hop in range(MAX_REDIRECTS + 1):
            if self._may_ask is not None:
                await self._may_ask(url)
            headers = (
                {"Host": self._checked(url).host_port}
                if signer is None
                else self._signed("GET", url, signer, scheme, with_query=with_query, wish=wish)
            )
            headers["Accept"] = accept
            if known is not None and hop == 0:  # what we have is of the URL that was asked, not of where it leads
                headers |= known.headers()
            started = loop.time()
            answer = await self._exchange("GET", url, headers, None, limit, self._gets, left, cut=cut, into=into)
            left -= loop.time() - started
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            url = without_fragment(urljoin(url, location.strip()))
        raise FetchFailed("too_many_redirects", f"more than {MAX_REDIRECTS} redirects", status=answer.status)

    def _signed(
        self,
        method: str,
        url: str,
        signer: SigningKey,
        scheme: Scheme,
        *,
        body: bytes | None = None,
        with_query: bool = True,
        wish: SignatureWish | None = None,
        more: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        self._checked(url)
        now = self._clock()
        if scheme == "rfc9421":
            return sign_request_rfc9421(method, url, key=signer, body=body, now=now, wish=wish, more=more)
        return sign_request(method, url, key=signer, body=body, now=now, with_query=with_query, more=more)

    def _checked(self, url: str) -> Origin:
        origin = self.egress.check_target(url)
        if origin.host_port == self._first_party_host:
            raise EgressRefused("own_host", f"{origin} is this server itself")
        return origin

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        limit: int,
        gate: HostGate,
        seconds: float,
        whole: bool = False,
        noted: str = "",
        cut: bool = False,
        into: IO[bytes] | None = None,
    ) -> Answer:
        """Send one request and say how it ended; waiting for the host's turn is not timed.

        `noted` is what is kept of an address that is a secret.
        """
        kept = noted or url
        async with gate.turn(parse_origin(url).host_port):
            at, started = self._clock(), time.perf_counter()
            try:
                answer = await self._send(method, url, headers, body, limit, seconds, whole, cut, into)
            except FetchFailed as error:
                self._note(
                    method, kept, headers, at, started, error.status, "failed", error.reason, error.detail, probed=whole
                )
                raise
            except asyncio.CancelledError:
                self._note(method, kept, headers, at, started, None, "failed", "given_up", "no answer in our patience")
                raise
        verdict, reason = verdict_of(answer.status)
        said = answer.body[:_EXCERPT].decode("utf-8", "replace") if verdict == "refused" else ""
        date = answer.headers.get("date", "")
        self._note(method, kept, headers, at, started, answer.status, verdict, reason, said, date, probed=whole)
        return answer

    def _note(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        at: datetime,
        started: float,
        status: int | None,
        verdict: Verdict,
        reason: str,
        detail: str,
        date: str = "",
        *,
        probed: bool = False,
    ) -> None:
        if self._on_exchange is None:
            return
        scheme = "rfc9421" if "Signature-Input" in headers else "cavage" if "Signature" in headers else ""
        self._on_exchange(
            Exchange(
                at=at,
                direction="out",
                kind="inspection" if probed else kind_of(method, url, headers.get("Accept", "")),
                host=parse_origin(url).host_port,
                method=method,
                url=url,
                status=status,
                verdict=verdict,
                reason=reason,
                detail=detail,
                scheme=scheme,
                ms=round((time.perf_counter() - started) * 1000),
                date=date,
            )
        )

    def _note_judged(self, method: str, url: str, accept: str, error: FederationError, *, status: int | None) -> None:
        """Keep account of what was not let out, or of an answer that came and was not believed."""
        if is_http_uri(url):
            verdict: Verdict = "refused"
            headers = {"Accept": accept}
            self._note(
                method, url, headers, self._clock(), time.perf_counter(), status, verdict, error.reason, error.detail
            )

    async def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        limit: int,
        seconds: float,
        whole: bool,
        cut: bool,
        into: IO[bytes] | None,
    ) -> Answer:
        """Send one request and read its answer within its cap; `whole`: the body of an error too. `cut`: a body that is
        longer is cut there."""
        origin, target = split_uri(url)
        headers["User-Agent"] = self._user_agent
        headers["Accept-Encoding"] = "gzip" if body is None else "identity"
        request = httpx.Request(
            method,
            _origin_url(origin),
            headers=headers,
            content=body,
            extensions={"target": target.encode("ascii")},
        )
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                try:
                    response = await self._transport.handle_async_request(request)
                except FetchFailed as error:
                    if error.reason != "connection_broken":
                        raise
                    # A kept connection that the peer closed as we wrote. Activities carry ids, so a
                    # second copy has no second effect (INB-3).
                    response = await self._transport.handle_async_request(request)
                try:
                    cuts = whole or body is not None or (cut and response.status_code == 200)
                    content = await read_body(response, limit, cut=cuts, into=into)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise FetchFailed("timeout", f"no complete answer in {max(seconds, 0):.0f} s") from error
        return Answer(response.status_code, response.headers, content, url)


def _same_site(a: str, b: str) -> bool:
    """Say whether two URLs are of one host, give or take a leading `www.` and the step from http to https."""
    try:
        first, second = parse_origin(a), parse_origin(b)
    except MalformedDocument:
        return False
    return first.host.removeprefix("www.") == second.host.removeprefix("www.")


@lru_cache(maxsize=2048)
def _origin_url(origin: Origin) -> httpx.URL:
    return httpx.URL(str(origin))
