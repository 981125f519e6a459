"""Settings that cannot go together are refused by name, before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from training import clashes
from training.options import OPTIONS
from training.problems import Problem


@pytest.mark.parametrize(
    ("head", "given", "field"),
    [
        ("sequence", {"method": "lora", "trained": "top"}, "trained"),
        ("sequence", {"method": "prompt", "trained": "gradual"}, "trained"),
        ("text", {"method": "prompt", "packing": True}, "packing"),
        ("text", {"method": "prefix", "checkpointing": True}, "checkpointing"),
        ("text", {"sharding": "fsdp", "method": "dora"}, "method"),
        ("text", {"sharding": "fsdp", "optimizer": "adafactor"}, "optimizer"),
        ("text", {"quantize": "4bit", "method": "full"}, "method"),
        ("text", {"quantize": "8bit", "sharding": "fsdp"}, "sharding"),
    ],
)
def test_they_are_refused(head: str, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as caught:
        clashes.check(head, given)
    assert (caught.value.code, caught.value.values["field"]) == ("spec.together", field)


def test_what_goes_together_or_is_left_open_is_no_clash() -> None:
    clashes.check("text", {"method": "prompt", "checkpointing": True, "packing": False})
    clashes.check("text", {"method": "auto", "quantize": "4bit"})
    clashes.check("text", {"sharding": "fsdp", "method": "lora", "optimizer": "adamw"})
    clashes.check("sequence", {"trained": "top"})
    clashes.check("sequence", {})


def test_a_prefix_is_offered_where_a_model_writes() -> None:
    assert "prefix" in OPTIONS["method"].of("text").choices
    assert "prefix" not in OPTIONS["method"].of("sequence").choices
    with pytest.raises(Problem, check=lambda one: one.code == "spec.choice"):
        clashes.check("token", {"method": "prefix"})
