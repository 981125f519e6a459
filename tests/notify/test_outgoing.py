"""Addresses of users lead into the internet and nowhere else."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from notify import outgoing
from training.problems import Problem

REAL_POST, REAL_RESOLVED = outgoing.post, outgoing._resolved
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001:db8::1",
    "2001:0:7f00:1::",
    "nonsense",
]
PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.fixture(autouse=True)
def _real(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "post", REAL_POST)


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    monkeypatch.setattr(outgoing, "_resolved", lambda host, port: list(addresses))


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not outgoing.public(address)
    leads_to(monkeypatch, "1.1.1.1", address)
    with pytest.raises(Problem, match="private network"):
        outgoing.post("https://example.org/", b"{}", {}, private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_ones_are_not(address: str) -> None:
    assert outgoing.public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "example.org",
        "",
        "https://",
        "https:///path",
        "https://user:secret@example.org/",
        "https://user@example.org/",
        "https://example.org:22/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://[::1",
        "https://exämple.org/",
        "https://example.org/a b",
        "https://example.org\\@evil.org/",
        "https://example.org/\r\nX: y",
        "https://exa mple.org/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Problem):
        outgoing.check(url, private=False)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost"])
def test_other_ways_of_writing_an_address_lead_to_the_same(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "_resolved", REAL_RESOLVED)
    with pytest.raises(Problem):
        outgoing.check(f"https://{host}/", private=False)


def test_an_unknown_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch)
    with pytest.raises(Problem, match="not known"):
        outgoing.check("https://nowhere.example.org/", private=False)


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once, and the connection goes to the address that was looked at."""
    answers, gone = [["93.184.215.14"], ["127.0.0.1"]], []
    monkeypatch.setattr(outgoing, "_resolved", lambda host, port: answers.pop(0))

    def connect(address: Any, timeout: float) -> socket.socket:
        gone.append(address)
        raise OSError(111, "refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(outgoing.Unreached, match="refused"):
        outgoing.post("https://example.org/", b"{}", {}, private=False)
    assert gone == [("93.184.215.14", 443)]
    assert len(answers) == 1


# --- a receiver on this machine, which the operator has allowed ---


def request_of(talk: socket.socket) -> bytes:
    """All of it: head and body may come apart."""
    found = talk.recv(65536)
    wanted = re.search(rb"content-length: (\d+)", found, re.IGNORECASE)
    while wanted and len(found.partition(b"\r\n\r\n")[2]) < int(wanted[1]):
        found += talk.recv(65536)
    return found


@contextmanager
def receiver(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Takes one connection, reads its request and lets `answer` write."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                talk, _address = server.accept()
                with talk:
                    heard.append(request_of(talk))
                    with suppress(OSError):
                        answer(talk)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/in?a=1", heard
        server.close()
        thread.join(2)


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch, "127.0.0.1")


def say(text: bytes) -> Callable[[socket.socket], None]:
    return lambda talk: talk.sendall(text)


def test_it_works(local: None) -> None:
    with receiver(say(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")) as (url, heard):
        answer = outgoing.post(url, b'{"a": 1}', {"webhook-id": "7"}, private=True)
    assert (answer.status, answer.text) == (202, "ok")
    head, _blank, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?a=1 HTTP/1.1\r\n")
    assert b"webhook-id: 7" in head
    assert body == b'{"a": 1}'


def test_redirects_are_not_followed(local: None) -> None:
    text = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n"
    with receiver(say(text)) as (url, _heard):
        assert outgoing.post(url, b"{}", {}, private=True).status == 302


def test_of_an_endless_answer_the_beginning_is_read(local: None) -> None:
    def endless(talk: socket.socket) -> None:
        talk.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            talk.sendall(b"x" * 65536)

    with receiver(endless) as (url, _heard):
        assert len(outgoing.post(url, b"{}", {}, private=True).text) == outgoing.CAP


@pytest.mark.parametrize("drip", [b"", b"X"])
def test_a_slow_answer_is_cut_off(
    drip: bytes, local: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that keeps sending a little, so that no single wait takes long."""
    monkeypatch.setattr(outgoing, "TIMEOUT", 0.3)
    over = threading.Event()

    def slow(talk: socket.socket) -> None:
        while not over.wait(0.02):
            talk.sendall(drip)

    with receiver(slow) as (url, _heard):
        begin = time.monotonic()
        with pytest.raises(outgoing.Unreached, match="no answer within"):
            outgoing.post(url, b"{}", {}, private=True)
        assert time.monotonic() - begin < 10
        over.set()
