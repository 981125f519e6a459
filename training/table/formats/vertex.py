"""Vertex AI and AutoML JSON Lines: labelled texts, marked texts, and what generative models are tuned with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.formats.spans import joined
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed

SPLITS = {"train": "train", "training": "train", "validation": "valid", "validate": "valid"}
SPLITS |= {"test": "test", "unassigned": ""}
_KEYS = ("textContent", "textGcsUri", "text_snippet", "textSnippet", "contents", "input_text")


def sniff(begin: Beginning) -> bool:
    return bool(begin.values) and all(_fits(value) for value in begin.values)


def _fits(value: Any) -> bool:
    return isinstance(value, dict) and any(key in value for key in _KEYS)


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if not _fits(value):
        raise Misfit("textContent, contents")
    if "contents" in value:
        yield {"messages": _messages(value)}
    elif "input_text" in value:
        yield {"prompt": value["input_text"], "response": value.get("output_text", "")}
    elif "textContent" in value:
        yield _row(value)
    elif "text_snippet" in value or "textSnippet" in value:
        yield _older(value)
    else:
        raise Misfit("textContent")  # the text lies in a bucket


def _messages(value: dict[str, Any]) -> list[dict[str, str]]:
    first = value.get("systemInstruction") or value.get("system_instruction")
    found = [{"role": "system", "content": _text(first)}] if first else []
    for turn in value["contents"]:
        role = {"model": "assistant"}.get(turn.get("role", "user"), turn.get("role", "user"))
        found.append({"role": role, "content": _text(turn)})
    return found


def _text(turn: dict[str, Any]) -> str:
    return "".join(part["text"] for part in turn["parts"])


def _row(value: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"text": value["textContent"]}
    if "textSegmentAnnotations" in value:
        row["entities"] = [
            _span(mark.get("startOffset", 0), mark["endOffset"], mark["displayName"])
            for mark in value["textSegmentAnnotations"]
        ]
    label = _label(value)
    if label is not None:
        row["label"] = label
    use = (value.get("dataItemResourceLabels") or {}).get("aiplatform.googleapis.com/ml_use", "")
    return row | ({"split": split_of(use)} if use else {})


def _label(value: dict[str, Any]) -> Any:
    if "classificationAnnotation" in value:
        return value["classificationAnnotation"]["displayName"]
    if "classificationAnnotations" in value:
        return joined(mark["displayName"] for mark in value["classificationAnnotations"])
    if "sentimentAnnotation" in value:
        return value["sentimentAnnotation"]["sentiment"]
    return None


def _older(value: dict[str, Any]) -> dict[str, Any]:
    snippet = value["text_snippet"] if "text_snippet" in value else value["textSnippet"]
    spans, labels = [], []
    for mark in value.get("annotations") or []:
        name = mark.get("display_name", mark.get("displayName"))
        part = mark.get("text_extraction", mark.get("textExtraction"))
        if part:
            at = part.get("text_segment", part.get("textSegment"))
            start = at.get("start_offset", at.get("startOffset", 0))
            spans.append(_span(start, at.get("end_offset", at.get("endOffset")), name))
        else:
            labels.append(name)
    row: dict[str, Any] = {"text": snippet["content"]}
    return row | ({"label": joined(labels)} if labels else {"entities": spans})


def _span(start: Any, end: Any, label: Any) -> dict[str, Any]:
    """Offsets may be written as texts, as 64-bit numbers are in this dialect of JSON."""
    return {"start": int(start), "end": int(end), "label": str(label)}


def split_of(use: str) -> str:
    return SPLITS.get(str(use).strip().lower(), str(use))
