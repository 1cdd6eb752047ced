"""The listening socket of the web processes. Made by the supervisor, or by `rookery web` for itself."""

import socket

BACKLOG = 1024
UNREAD_MS = 60_000
"""How long what was sent may stay unread: then the system drops the connection, which nobody else would (row 97)."""


def open_socket(bind: str) -> socket.socket:
    """Return a listening socket on `address:port`. Raises OSError when the port is taken or the address is not ours."""
    host, _, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if host not in ("", "localhost") and family == socket.AF_INET:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
