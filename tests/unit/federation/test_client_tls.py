"""The client over TLS: the name in the URL is proven, though the connection goes to a checked address (SIG-20)."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from federation.client import FederationClient
from federation.errors import FetchFailed
from federation.signatures import SigningKey
from tests.support.fake_peer import Answer, FakePeer
from tests.unit.federation.conftest import LOOPBACK, NOW


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `localhost` and 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path / "peer.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


async def test_tls(certificate: Path, signer: SigningKey) -> None:
    """A right name passes and connections are kept; a wrong name and an unknown authority do not."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=certificate)
    async with FakePeer(tls=server) as peer:
        peer.routes["/x"] = Answer(body=b"safe")
        client = FederationClient(
            egress=LOOPBACK, user_agent="t", clock=lambda: NOW, first_party_host="x.example", ssl_context=trusting
        )
        for _ in range(2):
            for host in ("localhost", "127.0.0.1"):
                url = f"https://{host}:{peer.port}/x"
                assert (await client.fetch_bytes(url, accept="*/*", limit=9, signer=signer)).body == b"safe"
        assert {request.connection for request in peer.requests} == {1, 2}
        assert peer.requests[0].header("host") == f"localhost:{peer.port}"
        with pytest.raises(FetchFailed) as caught:
            await client.fetch_bytes(f"https://other.localhost:{peer.port}/x", accept="*/*", limit=9)
        assert caught.value.reason == "tls_failed"
        await client.aclose()

        strict = FederationClient(egress=LOOPBACK, user_agent="t", clock=lambda: NOW, first_party_host="x.example")
        with pytest.raises(FetchFailed) as caught:
            await strict.fetch_bytes(f"{peer.url}/x", accept="*/*", limit=9)
        assert caught.value.reason == "tls_failed"
        await strict.aclose()
    assert len(peer.requests) == 4
