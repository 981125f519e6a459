"""Asks an address that a user has named, and cannot be led into the network that the site stands in.

The name is resolved once, every address that it has must be a public one, and the connection goes to exactly the
address that was looked at: a name whose answer changes in between gains nothing. Redirects are not followed, no proxy
is used, the whole exchange has ten seconds, and 64 KB of the answer are read.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext_noop as _

from training.problems import Problem

TIMEOUT = 10.0  # seconds, of everything together
CAP = 64 * 1024  # bytes of an answer
PORTS = frozenset({443, 8443})
SHOWN = 200  # characters of an address in a message
_HOST = re.compile(r"[a-z0-9._:-]{1,253}", re.ASCII)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Answer:
    status: int
    text: str  # its beginning
    seconds: float


class Unreached(Exception):
    """There was no answer; the message says why, in words that may be shown."""


def check(url: str, *, private: bool) -> None:
    """Raises Problem(`webhook.url`) for an address that would not be asked. `private`: of this network too."""
    parts = _parts(url, private)
    _addresses(url, parts, private)


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
    """Raises Unreached, or Problem(`webhook.url`) where the address leads nowhere it may lead."""
    begin = time.monotonic()
    parts = _parts(url, private)
    address = _addresses(url, parts, private)[0]
    try:
        return _exchange(parts, address, body, headers, begin)
    except (OSError, HTTPException, ValueError) as error:
        if time.monotonic() - begin >= TIMEOUT:
            raise Unreached(f"no answer within {TIMEOUT:.0f} seconds") from error
        raise Unreached(_spoken(error)) from error


def _spoken(error: Exception) -> str:
    """An error of the network, without what it may carry of the answer."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _refuse(url: str, reason: str) -> Problem:
    return Problem("webhook.url", url=url[:SHOWN], reason=reason)


def _parts(url: str, private: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise _refuse(url, _("it is no address")) from None
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise _refuse(url, _("it does not begin with https://"))
    if not _HOST.fullmatch(host) or not url.isascii() or re.search(r"[\s\\]", url):
        raise _refuse(url, _("it is no address"))
    if parts.username is not None or parts.password is not None:
        raise _refuse(url, _("it has a name or a password in it"))
    if not private and (port or 443) not in PORTS:
        raise _refuse(url, _("its port is neither 443 nor 8443"))
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _addresses(url: str, parts: SplitResult, private: bool) -> list[str]:
    """Every address of the host, all of them allowed."""
    found = _resolved(parts.hostname or "", _port(parts))
    if not found:
        raise _refuse(url, _("its host is not known"))
    if not private and not all(public(address) for address in found):
        raise _refuse(url, _("it leads into a private network"))
    return found


def _resolved(host: str, port: int) -> list[str]:
    """A resolver may hang for longer than the whole exchange may take: it is left behind then."""
    found: list[str] = []

    def look() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    asking = threading.Thread(target=look, daemon=True)
    asking.start()
    asking.join(TIMEOUT / 2)
    return list(found)


def public(text: str) -> bool:
    """Whether an address belongs to the internet at large; what is wrapped in an IPv6 address counts as itself."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(
        one.is_global and not one.is_multicast and not one.is_reserved for one in _wrapped(address)
    )


NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _wrapped(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    inner: list[Address | None] = [address.sixtofour, *(address.teredo or ())]
    return [address, *(one for one in inner if one)]


def _exchange(
    parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str], begin: float
) -> Answer:
    raw = socket.create_connection((address, _port(parts)), TIMEOUT / 2)
    over = threading.Timer(max(0.1, TIMEOUT - (time.monotonic() - begin)), _cut, [raw])
    over.start()
    try:
        connection = HTTPConnection(parts.hostname or "")
        connection.sock = _secured(raw, parts)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {"Host": parts.netloc, "Connection": "close", **headers}
        connection.request("POST", target, body, sent)
        response = connection.getresponse()
        text = response.read(CAP).decode("utf-8", "replace")
        return Answer(response.status, text, time.monotonic() - begin)
    finally:
        over.cancel()
        _cut(raw)


def _secured(raw: socket.socket, parts: SplitResult) -> socket.socket:
    """The same connection under TLS, with the certificate checked against the name that was asked for.

    A copy of the descriptor stays in `raw`, by which the whole can be cut off.
    """
    plain = raw.dup()
    plain.settimeout(TIMEOUT)
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=parts.hostname)


def _cut(raw: socket.socket) -> None:
    with contextlib.suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        raw.close()
