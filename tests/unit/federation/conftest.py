"""A client that may reach loopback, as a node in development has it."""

import ipaddress
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from federation.client import FederationClient
from federation.egress import EgressPolicy
from federation.keys import generate_rsa_key
from federation.signatures import SigningKey

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LOOPBACK = EgressPolicy(insecure_networks=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")))
PRIVATE_PEM, PUBLIC_PEM = generate_rsa_key()


@pytest.fixture
def signer() -> SigningKey:
    return SigningKey("https://social.example/actor#main-key", PRIVATE_PEM)


@pytest.fixture
async def client() -> AsyncIterator[FederationClient]:
    made = FederationClient(
        egress=LOOPBACK, user_agent="Rookery/test", clock=lambda: NOW, first_party_host="social.example"
    )
    yield made
    await made.aclose()
