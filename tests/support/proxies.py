"""nginx and Caddy as operators run them: the shipped files, changed in nothing but addresses, certificates and where
they write. Each runs as an ordinary process on loopback for the length of a block."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

DOCKER = Path(__file__).parents[2] / "docker"
PROXIES = ("nginx", "caddy")


def is_here(name: str) -> bool:
    """Whether the program is on this machine."""
    return _binary(name) is not None


def _binary(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


def _nginx(folder: Path, port: int, upstream: int, certificate: Path) -> list[str]:
    text = (DOCKER / "nginx.conf").read_text()
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"    listen \[::\]:443[^\n]*\n", "", text)
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("social.example;", "localhost;")
    text = text.replace("server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream};")
    text = re.sub(r"(ssl_certificate(?:_key)?) +[^;]+;", rf"\1 {certificate};", text)
    # Started by root it would give its workers to another user, who may not write into a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    whole = f"""
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
    include /etc/nginx/mime.types;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{text}
}}
"""
    path = folder / "nginx.conf"
    path.write_text(whole)
    return ["-e", f"{folder}/error.log", "-c", str(path), "-g", "daemon off;"]


def _caddy(folder: Path, port: int, upstream: int, certificate: Path) -> list[str]:
    text = (DOCKER / "Caddyfile").read_text()
    text = text.replace("{$DOMAIN:social.example} {", f"https://localhost:{port} {{\n\ttls {certificate} {certificate}")
    text = text.replace("{$UPSTREAM:127.0.0.1} 8000", f"127.0.0.1 {upstream}")
    text = re.sub(
        r"^\{\n",
        "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n",
        text,
        count=1,
        flags=re.MULTILINE,
    )
    path = folder / "Caddyfile"
    path.write_text(text)
    return ["run", "--config", str(path), "--adapter", "caddyfile"]


@asynccontextmanager
async def proxy(name: str, folder: Path, port: int, upstream: int, certificate: Path) -> AsyncIterator[None]:
    """Let the proxy stand before `upstream` at `port`. What it logs lies in `folder`."""
    arguments = {"nginx": _nginx, "caddy": _caddy}[name](folder, port, upstream, certificate)
    binary = _binary(name)
    assert binary is not None
    environment = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "PATH": "/usr/bin",
    }
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [binary, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=folder
        )
    try:
        await _listening(process, port, folder)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


async def _listening(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.poll() is None, (folder / "output.log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def logs(folder: Path) -> str:
    """Return all that a proxy has written down."""
    return "".join(path.read_text(errors="replace") for path in sorted(folder.glob("*.log")))
