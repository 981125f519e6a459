"""Label Studio: tasks with "data" and "annotations"; also its short JSON (JSON_MIN)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.formats.spans import joined, without
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed


def sniff(begin: Beginning) -> bool:
    return bool(begin.objects) and all(
        _is_task(value) or _is_short(value) for value in begin.values
    )


def _is_task(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        return False
    return isinstance(value.get("annotations", value.get("completions")), list)


def _is_short(value: Any) -> bool:
    return isinstance(value, dict) and "annotation_id" in value and "lead_time" in value


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if _is_short(value):
        yield _short(value)
    elif _is_task(value):
        yield from _task(value)
    else:
        raise Misfit("data, annotations")


def _short(value: dict[str, Any]) -> dict[str, Any]:
    drop = ("annotation_id", "annotator", "lead_time", "created_at", "updated_at")
    row: dict[str, Any] = {}
    for key, item in without(value, *drop).items():
        if isinstance(item, list) and item and isinstance(item[0], dict) and "start" in item[0]:
            row["entities"] = [_span(mark) for mark in item]
        elif isinstance(item, dict) and isinstance(item.get("choices"), list):
            row[key] = joined(item["choices"])
        else:
            row[key] = item
    return row


def _task(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Nothing for a task that nobody has worked on."""
    done = [
        item
        for item in value.get("annotations", value.get("completions")) or []
        if isinstance(item, dict) and not item.get("was_cancelled")
    ]
    if not done:
        return
    row = _data(value["data"])
    controls: dict[str, str] = {}  # name of a control -> column
    for result in done[0].get("result") or []:
        _add(row, result, controls)
    if "id" in value:
        row.setdefault("id", value["id"])
    yield row


def _data(data: dict[str, Any]) -> dict[str, Any]:
    """What was labelled, with its text in "text"."""
    if "text" in data:
        return dict(data)
    key = next((key for key, item in data.items() if isinstance(item, str)), "")
    return {"text": data.get(key, ""), **without(data, key)}


def _add(row: dict[str, Any], result: dict[str, Any], controls: dict[str, str]) -> None:
    value, kind = result.get("value"), result.get("type")
    if not isinstance(value, dict):
        return
    if kind in {"labels", "hypertextlabels"} and "start" in value:
        row.setdefault("entities", [])
        row["entities"].append(_span(value))
    elif kind in {"choices", "taxonomy", "rating", "number"}:
        name = str(result.get("from_name", "label"))
        first = "label" not in controls.values()
        column = controls.setdefault(name, "label" if first else name)
        row[column] = _choice(value)
    elif kind == "textarea":
        row[str(result.get("from_name", "answer"))] = "\n".join(map(str, _listed(value["text"])))


def _choice(value: dict[str, Any]) -> Any:
    for key in ("choices", "taxonomy"):
        if isinstance(value.get(key), list):
            return joined(
                "/".join(map(str, item)) if isinstance(item, list) else item for item in value[key]
            )
    return value.get("rating", value.get("number"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _span(value: dict[str, Any]) -> dict[str, Any]:
    labels = value.get("labels") or value.get("hypertextlabels")
    if not labels or not isinstance(value["start"], int) or not isinstance(value["end"], int):
        raise Misfit("start, end, labels")
    return {"start": value["start"], "end": value["end"], "label": str(labels[0])}
