"""masto.js (npm), the library under Elk and Phanpy, against a live node: one session in Node.js.

`make masto-js` installs it, `make test` does too. What the session does stands in `masto_js/session.mjs`.
"""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mastodon import Mastodon

from tests.clients.conftest import Live
from tests.support.fedify import node_binary

FOLDER: Final = Path(__file__).parent / "masto_js"
INSTALLED: Final = node_binary() is not None and (FOLDER / "node_modules" / "masto").is_dir()

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(not INSTALLED, reason="masto.js is not installed (make masto-js)"),
]


def test_a_session(live: Live, ann: Mastodon, bob: Mastodon) -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    done = subprocess.run(
        [node_binary() or "node", str(FOLDER / "session.mjs")],
        env={
            "PATH": os.environ.get("PATH", ""),
            "URL": live.url,
            "TOKEN": ann.access_token,
            "OTHER": bob.access_token,
            "PICTURE": "/avatars/original/missing.png",
            "P256DH": base64.urlsafe_b64encode(point).decode(),
            "AUTH": base64.urlsafe_b64encode(bytes(range(16))).decode(),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    thread = seen.pop("thread")
    assert len(thread) == 1
    assert "A better answer" in thread[0]
    domain = live.url.removeprefix("http://")
    assert seen == {
        "appToken": "string",
        "instance": {"domain": domain, "streaming": f"ws://{domain}"},
        "me": "ann",
        "alt": "A picture",
        "votes": [0, 1],
        "liked": True,
        "boost": True,
        "bookmarked": True,
        "counts": [1, 1],
        "groups": ["favourite", "reblog"],
        "listed": True,
        "filtered": ["Scripts"],
        "followsTag": True,
        "marker": True,
        "visibility": "public",
        "tags": ["javascript"],
        "pages": [1, 1],
        "push": True,
        "noPush": 404,
        "notMine": 404,
        "gone": 404,
        "heard": ["delete", "update"],
    }
