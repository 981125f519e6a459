"""The client of the serving process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from projects.serving import client
from training.problems import Problem

OUTPUT = {"label": "a", "probability": 0.9, "probabilities": {"a": 0.9, "b": 0.1}}


@pytest.fixture
def server(home: Path) -> Iterator[Any]:
    """A serving process that answers `server.answer` and keeps what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            one.asked = (self.path, dict(self.headers), json.loads(self.rfile.read(length)))
            status, body = one.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given: Any) -> None:
            pass

    one: Any = HTTPServer(("127.0.0.1", 0), Handler)
    one.answer = (200, json.dumps({"outputs": [OUTPUT]}).encode())
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told = {"port": one.server_port, "token": "t0ken", "pid": 1}
    Path(settings.SERVING_FILE).write_text(json.dumps(told))
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def ask() -> Any:
    return client.predict(Path("/runs/x/artifact"), [{"text": "a"}])


def test_it_works(server: Any) -> None:
    assert ask() == [OUTPUT]
    path, headers, body = server.asked
    assert (path, headers["Authorization"]) == ("/predict", "Bearer t0ken")
    assert body == {"artifact": "/runs/x/artifact", "inputs": [{"text": "a"}]}


def test_a_problem_is_handed_on(server: Any) -> None:
    server.answer = (
        422,
        json.dumps({"code": "artifact.broken", "values": {"found": "x"}}).encode(),
    )
    with pytest.raises(Problem) as found:
        ask()
    assert (found.value.code, found.value.values) == ("artifact.broken", {"found": "x"})


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (200, b"not json"),
        (200, b'{"outputs": []}'),
        (200, b"[]"),
        (422, b'{"code": "?"}'),
    ],
)
def test_an_answer_that_is_none_is_ours_to_mend(server: Any, answer: tuple[int, bytes]) -> None:
    server.answer = answer
    with pytest.raises(client.ServingFailed):
        ask()


@pytest.mark.parametrize(
    "told", [None, "", "{", '{"port": 1}', '{"port": "x", "token": "t"}', "[]"]
)
def test_when_it_is_not_up_it_says_so(told: str | None) -> None:
    if told is not None:
        Path(settings.SERVING_FILE).write_text(told)
    with pytest.raises(Problem, match="does not answer"):
        ask()


def test_when_it_has_died_it_says_so(server: Any) -> None:
    told = Path(settings.SERVING_FILE).read_text()
    Path(settings.SERVING_FILE).write_text(told.replace(str(server.server_port), "9"))
    with pytest.raises(Problem, match="does not answer"):
        ask()
