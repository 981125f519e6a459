"""The serving process: finished models answer over HTTP on the loopback interface, for whoever holds the token.

POST /predict  {"artifact": folder below the home, "inputs": [{"text"}]} -> {"outputs": [...], "tokens", "seconds"};
with "vectors": another folder, drafts look there for texts that were read before.
POST /release  {"artifact"} -> {"released": bool}; GET /health -> {"models"}. Problems answer 422 {"code", "values"}.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers.models.auto import modeling_auto  # noqa: F401  (so that the first prediction need not wait for it)

from training import inference
from training.problems import Problem
from training.vectors import Store

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
STORES = 2  # of vectors kept in memory
MODELS = 4  # kept loaded, the least recently used goes first
BODY = 32 * 1024**2  # bytes of a request
IDLE = 60.0  # seconds after which a silent connection is closed


class Refused(Exception):
    """An answer that is no prediction: its HTTP status."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Models:
    """Loaded models by folder. Parallel first calls of one model load it once; other models need not wait for that."""

    def __init__(self, home: Path, most: int = MODELS) -> None:
        self.home, self.most = home.resolve(), most
        self._loaded: OrderedDict[Path, _Slot] = OrderedDict()
        self._lock = threading.Lock()
        self._stores: OrderedDict[tuple[Path, str], Store] = OrderedDict()

    def __len__(self) -> int:
        return len(self._loaded)

    def get(self, artifact: str) -> inference.Predictor:
        """Raises Refused for a folder that is not below the home, and Problem when it cannot be loaded."""
        folder = self.checked(artifact)
        with self._lock:
            slot = self._loaded.setdefault(folder, _Slot())
            self._loaded.move_to_end(folder)
            while len(self._loaded) > self.most:
                self._loaded.popitem(last=False)
        try:
            return slot.get(folder)
        except Problem:
            self.release(artifact)
            raise

    def release(self, artifact: str) -> bool:
        """Forgets a model; what runs with it at the moment ends normally."""
        folder = self.checked(artifact)
        with self._lock:
            return self._loaded.pop(folder, None) is not None

    def store(self, predictor: inference.Predictor, folder: Any) -> Store | None:
        """What is known of the texts of a folder, for this model; None where nothing is asked for or can be kept."""
        if folder is None:
            return None
        path, made = self.checked(folder), inference.store_of(predictor.model, self.checked(folder))
        if made is None:
            return None
        with self._lock:
            found = self._stores.setdefault((path, made.base), made)
            self._stores.move_to_end((path, made.base))
            while len(self._stores) > STORES:
                self._stores.popitem(last=False)
        return found

    def checked(self, artifact: Any) -> Path:
        if not isinstance(artifact, str) or not artifact or "\0" in artifact:
            raise Refused(400, "artifact")
        folder = Path(artifact).resolve()  # follows links, so that none leads out
        if not Path(artifact).is_absolute() or self.home not in folder.parents:
            raise Refused(403, "outside")
        return folder


class _Slot:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._predictor: inference.Predictor | None = None

    def get(self, folder: Path) -> inference.Predictor:
        with self._lock:
            if self._predictor is None:
                self._predictor = inference.load(folder)
            return self._predictor


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, home: Path, token: str, most: int = MODELS) -> None:
        super().__init__((HOST, 0), Handler)
        self.models, self.token = Models(home, most), token


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version, sys_version = "attune", ""
    timeout = IDLE
    server: Server

    def do_GET(self) -> None:
        self.answer(lambda: self.health())

    def do_POST(self) -> None:
        self.answer(lambda: self.posted())

    def answer(self, work: Callable[[], dict[str, Any]]) -> None:
        """Sends what `work` gives, or why there is nothing."""
        try:
            self.check_token()
            status, body = 200, work()
        except Refused as refused:
            status, body = refused.status, {"code": refused.code, "values": {}}
            self.close_connection = True  # its body may not have been read
        except Problem as problem:
            status, body = 422, {"code": problem.code, "values": problem.values}
        except Exception:
            log.exception("A request failed")
            status, body = 500, {"code": "internal", "values": {}}
        self.send(status, body)

    def send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def check_token(self) -> None:
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, f"Bearer {self.server.token}".encode()):
            raise Refused(401, "token")

    def health(self) -> dict[str, Any]:
        if self.path != "/health":
            raise Refused(404, "path")
        return {"models": len(self.server.models), "pid": os.getpid()}

    def posted(self) -> dict[str, Any]:
        if self.path not in ("/predict", "/release"):
            raise Refused(404, "path")
        body = self.body()
        if self.path == "/release":
            return {"released": self.server.models.release(body.get("artifact", ""))}
        begin, models = time.perf_counter(), self.server.models
        predictor = models.get(body.get("artifact", ""))
        store = models.store(predictor, body.get("vectors"))
        inputs: Any = body.get("inputs")
        outputs = predictor.predict(inputs, store)
        tokens = predictor.tokens(inputs, outputs)
        return {
            "outputs": outputs,
            "tokens": tokens,
            "seconds": round(time.perf_counter() - begin, 4),
        }

    def body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Refused(411, "length")
        if int(length) > BODY:
            raise Refused(413, "length")
        try:
            found = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise Refused(400, "json") from None
        if not isinstance(found, dict):
            raise Refused(400, "json")
        return found

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: they are the site's own."""


def write_address(file: Path, server: Server) -> None:
    """{"port", "token", "pid"}, readable by this user alone; appears whole."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    address = {"port": server.server_address[1], "token": server.token, "pid": os.getpid()}
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(address, out)
    part.replace(file)


def forget_address(file: Path) -> None:
    """Removes the file, unless another process has taken its place."""
    with suppress(OSError, ValueError, KeyError):
        if json.loads(file.read_text(encoding="utf-8"))["pid"] == os.getpid():
            file.unlink()


def open_server(home: Path, file: Path, most: int = MODELS) -> Server:
    """A server that listens, its address written to `file`; `serve_forever` lets it answer."""
    server = Server(home, secrets.token_urlsafe(32), most)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_address(file, server)
    return server


def serve(home: Path, file: Path, most: int, say: Callable[[dict[str, Any]], None]) -> None:
    """Answers until it is interrupted."""
    # Half of the cores: predictions are small, and the other half may be training.
    torch.set_num_threads(max(1, torch.get_num_threads() // 2))
    with open_server(home, file, most) as server:
        say({"event": "serving", "port": server.server_address[1], "pid": os.getpid()})
        server.serve_forever(poll_interval=0.2)
