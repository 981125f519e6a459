"""Only the rows of the embedding that occur are trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training import vocabulary

PIECES = [{"ids": [3, 5, 5]}, {"ids": [9]}]


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.words = nn.Embedding(20, 4, padding_idx=0)

    def get_input_embeddings(self) -> Any:
        return self.words

    def set_input_embeddings(self, new: Any) -> None:
        self.words = new

    def forward(self, ids: Tensor) -> Tensor:
        found: Tensor = self.words(ids)
        return found


def stepped(base: Base, **settings: Any) -> None:
    optimizer = torch.optim.AdamW(base.parameters(), lr=0.1, **settings)
    for piece in PIECES * 3:
        base(torch.tensor(piece["ids"])).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()


def test_what_is_learnt_is_what_the_whole_embedding_learns() -> None:
    ours, theirs = Base(), Base()
    with vocabulary.cut(ours, PIECES, pad=0):
        assert ours.words.weight.shape == (4, 4)
        stepped(ours, weight_decay=0.0)
    stepped(theirs, weight_decay=0.0)
    torch.testing.assert_close(ours.words.weight, theirs.words.weight)


def test_rows_that_do_not_occur_stay_as_they_were() -> None:
    base, before = Base(), Base().words.weight.detach()
    with vocabulary.cut(base, PIECES, pad=0):
        stepped(base, weight_decay=0.5)
    changed = (base.words.weight != before).any(1).nonzero().flatten().tolist()
    assert changed == [3, 5, 9]


def test_in_between_the_base_can_be_saved_whole() -> None:
    base = Base()
    with vocabulary.cut(base, PIECES, pad=0) as words:
        cut = base.words
        stepped(base)
        with words.restored():
            assert base.words.weight.shape == (20, 4)
            assert torch.equal(base.words.weight[[3, 5, 9]], cut.weight[1:])
        assert base.words is cut


def test_an_error_leaves_the_base_whole() -> None:
    base = Base()
    with pytest.raises(RuntimeError), vocabulary.cut(base, PIECES, pad=0):
        raise RuntimeError
    assert base.words.weight.shape == (20, 4)


def test_a_token_that_does_not_occur_is_an_error() -> None:
    base = Base()
    with vocabulary.cut(base, PIECES, pad=0), pytest.raises(IndexError):
        base(torch.tensor([4]))


def test_a_vocabulary_that_is_used_for_the_most_part_is_trained_whole() -> None:
    base = Base()
    with vocabulary.cut(base, [{"ids": list(range(12))}], pad=0):
        assert base.words.weight.shape == (20, 4)


def test_an_embedding_that_does_not_learn_is_left_whole() -> None:
    base = Base()
    whole = base.words
    with vocabulary.cut(base, PIECES, pad=0, learns=False) as words:
        assert base.words is whole
        with words.restored():
            assert base.words is whole
    assert base.words is whole
