"""The serving process over its socket."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from training import inference, serve

INPUTS = [{"text": "my invoice"}]


@pytest.fixture
def server(fitted: Path, tmp_path: Path) -> Iterator[serve.Server]:
    found = serve.open_server(fitted.parent, tmp_path / "serving.json", most=2)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def ask(
    server: serve.Server,
    path: str,
    body: Any = None,
    token: str | None = None,
    method: str = "POST",
) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {server.token if token is None else token}"}
    connection.request(method, path, data, headers)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def test_it_works(server: serve.Server, fitted: Path) -> None:
    status, answer = ask(
        server, "/predict", {"artifact": str(fitted / "artifact"), "inputs": INPUTS}
    )
    assert status == 200
    assert answer["outputs"] == inference.load(fitted).predict(INPUTS)
    assert answer["seconds"] > 0


@pytest.mark.parametrize("path", ["/predict", "/release", "/health", "/elsewhere"])
@pytest.mark.parametrize("token", ["", "wrong", "\u00e9"])
def test_it_refuses_a_wrong_token(server: serve.Server, path: str, token: str) -> None:
    assert ask(server, path, {}, token)[0] == 401


@pytest.mark.parametrize(
    "folder", ["/", "/etc", "relative", "", None, "/tmp/\0", "{home}", "{home}/../x"]
)
def test_it_refuses_foreign_folders(server: serve.Server, fitted: Path, folder: str | None) -> None:
    name = folder and folder.replace("{home}", str(fitted.parent))
    assert ask(server, "/predict", {"artifact": name, "inputs": INPUTS})[0] in (400, 403)


def test_a_link_that_leads_out_is_refused(
    server: serve.Server, fitted: Path, tmp_path: Path
) -> None:
    link = fitted.parent / "link-out"
    link.symlink_to("/etc")
    try:
        assert ask(server, "/predict", {"artifact": str(link), "inputs": INPUTS})[0] == 403
    finally:
        link.unlink()


def test_problems_answer_with_their_code(server: serve.Server, fitted: Path) -> None:
    body = {"artifact": str(fitted), "inputs": []}
    status, answer = ask(server, "/predict", body)
    assert (status, answer["code"]) == (422, "serving.inputs")
    body = {"artifact": str(fitted / "nowhere"), "inputs": INPUTS}
    status, answer = ask(server, "/predict", body)
    assert (status, answer["code"]) == (422, "artifact.missing")
    assert len(server.models) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000])
def test_it_refuses_what_is_no_json_object(server: serve.Server, body: bytes) -> None:
    assert ask(server, "/predict", body)[0] == 400


def test_it_refuses_a_body_that_is_too_large(
    server: serve.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "BODY", 10)
    assert ask(server, "/predict", {"artifact": "x" * 20})[0] == 413


def test_health_tells_how_many_models_are_loaded(server: serve.Server, fitted: Path) -> None:
    assert ask(server, "/health", method="GET")[1]["models"] == 0
    ask(server, "/predict", {"artifact": str(fitted), "inputs": INPUTS})
    assert ask(server, "/health", method="GET")[1]["models"] == 1


def test_release_forgets_a_model(server: serve.Server, fitted: Path) -> None:
    ask(server, "/predict", {"artifact": str(fitted), "inputs": INPUTS})
    assert ask(server, "/release", {"artifact": str(fitted)})[1] == {"released": True}
    assert ask(server, "/release", {"artifact": str(fitted)})[1] == {"released": False}


def test_the_least_recently_used_model_goes(server: serve.Server, fitted: Path) -> None:
    for name in ("artifact", "checkpoint", "."):
        ask(server, "/predict", {"artifact": str(fitted / name), "inputs": INPUTS})
    assert [path.name for path in server.models._loaded] == ["checkpoint", fitted.name]


def test_parallel_first_calls_load_once(
    server: serve.Server, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, load = [], inference.load

    def counted(folder: Path) -> inference.Predictor:
        loads.append(folder)
        return load(folder)

    monkeypatch.setattr(serve.inference, "load", counted)
    body = {"artifact": str(fitted), "inputs": INPUTS}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(server, "/predict", body), range(8)))
    assert {status for status, _ in answers} == {200}
    assert len(loads) == 1


def test_the_address_is_for_this_user_alone(server: serve.Server, tmp_path: Path) -> None:
    file = tmp_path / "serving.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = json.loads(file.read_text())
    assert (found["port"], found["token"]) == (server.server_address[1], server.token)
    assert server.server_address[0] == "127.0.0.1"


def test_the_address_is_forgotten_only_by_its_writer(server: serve.Server, tmp_path: Path) -> None:
    file = tmp_path / "serving.json"
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"pid": -1}))
    serve.forget_address(other)
    serve.forget_address(file)
    assert other.exists()
    assert not file.exists()
