"""What is chosen for models that write."""

from __future__ import annotations

import pytest

from training import generative_defaults as defaults


@pytest.mark.parametrize("objective", ["causal", "seq2seq"])
@pytest.mark.parametrize("method", ["", "lora", "full"])
def test_every_kind_has_its_settings(objective: str, method: str) -> None:
    found = defaults.settings(objective, "balanced", 1000, method)
    assert found["method"] == (method or {"causal": "lora", "seq2seq": "full"}[objective])
    assert found["epochs"] == 2
    assert found["max_new_tokens"] < found["max_length"]


def test_few_weights_take_a_higher_rate() -> None:
    for objective in ("causal", "seq2seq"):
        rates = [defaults.chosen(objective, method).learning_rate for method in ("lora", "full")]
        assert rates[0] > rates[1]


@pytest.mark.parametrize(
    ("objective", "method", "width", "expected"),
    [
        ("causal", "lora", 576, 1e-3),
        ("causal", "lora", 64, 1e-3),
        ("causal", "lora", 2048, 2.8e-4),
        ("causal", "full", 1152, 5e-4),
        ("causal", "prompt", 2048, 1e-3),
        ("seq2seq", "lora", 2048, 1e-3),
        ("causal", "lora", 0, 1e-3),
    ],
)
def test_wide_bases_take_a_lower_rate(
    objective: str, method: str, width: int, expected: float
) -> None:
    assert defaults.rate_for(1e-3, objective, method, width) == expected


@pytest.mark.parametrize(
    ("effort", "rows", "expected"), [("quick", 10, 1), ("balanced", 10, 3), ("thorough", 10**6, 1)]
)
def test_few_rows_are_seen_more_often(effort: str, rows: int, expected: int) -> None:
    assert defaults.epochs(effort, rows) == expected
