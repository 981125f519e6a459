"""Asks the serving process for predictions. Standard library only: the web process knows no model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from django.conf import settings

from training.problems import TABLE, Problem

TIMEOUT = 60.0  # seconds; the first call of a model has to load it
HOST = "127.0.0.1"
ANSWER_LIMIT = 32 * 1024**2  # bytes


class ServingFailed(Exception):
    """It answered, and not as it should: ours to mend."""


class Outputs(list[dict[str, Any]]):
    """One an input. `tokens`: those that were read and written for them."""

    tokens: int = 0


def tokens_of(outputs: Sequence[Any]) -> int:
    return int(getattr(outputs, "tokens", 0))


def predict(
    artifact: Path, inputs: Sequence[Mapping[str, Any]], vectors: Path | None = None
) -> Outputs:
    """One {"label", "probability", "probabilities"} an input, or what else the model says.

    `artifact` is the unpacked folder; in the folder `vectors` a draft keeps what its base made of the texts.
    Raises Problem(`serving.unavailable`) when the process is not up, and the problem that it answered with.
    """
    body = {"artifact": str(artifact), "inputs": [dict(item) for item in inputs]}
    if vectors is not None:
        body["vectors"] = str(vectors)
    status, answer = _post("/predict", body)
    if status == 422 and answer.get("code") in TABLE:
        raise Problem(answer["code"], **(answer.get("values") or {}))
    if status != 200 or len(answer.get("outputs", ())) != len(inputs):
        raise ServingFailed(f"The serving process answered {status}: {str(answer)[:500]}")
    found = Outputs(answer["outputs"])
    found.tokens = int(answer.get("tokens") or 0)
    return found


def _post(path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    where = _address()
    headers = {"Authorization": f"Bearer {where['token']}", "Content-Type": "application/json"}
    connection = HTTPConnection(HOST, int(where["port"]), timeout=TIMEOUT)
    try:
        connection.request("POST", path, json.dumps(body).encode(), headers)
        response = connection.getresponse()
        return response.status, _decoded(response.read(ANSWER_LIMIT))
    except (OSError, HTTPException) as error:
        raise Problem("serving.unavailable") from error
    finally:
        connection.close()


def _address() -> dict[str, Any]:
    """{"port", "token"} as the serving process has written them down when it came up."""
    try:
        found = json.loads(Path(settings.SERVING_FILE).read_text(encoding="utf-8"))
        return {"port": int(found["port"]), "token": str(found["token"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem("serving.unavailable") from error


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
