"""Every option has a test that shows that it changes what it should: here is where, and here are those of the rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.test_plan import ABOUT, PLAN, losses_of, network, pieces  # noqa: F401
from training import backbone, optimizers
from training.events import Scored
from training.fit import fit
from training.options import OPTIONS
from training.spec import Spec

HERE = Path(__file__).parent
# Option -> file, test
SHOWN: dict[str, tuple[str, str]] = {
    "epochs": ("test_each_option.py", "test_more_epochs_and_smaller_batches_are_more_steps"),
    "learning_rate": ("test_plan.py", "test_each_layer_learns_more_slowly_than_the_one_above"),
    "head_learning_rate": (
        "test_loop.py",
        "test_the_head_has_a_rate_of_its_own_and_norms_do_not_decay",
    ),
    "batch_size": ("test_each_option.py", "test_more_epochs_and_smaller_batches_are_more_steps"),
    "max_length": ("test_fit.py", "test_long_texts_are_cut_and_told"),
    "warmup": ("test_loop.py", "test_the_rate_rises_and_falls"),
    "weight_decay": ("test_loop.py", "test_the_head_has_a_rate_of_its_own_and_norms_do_not_decay"),
    "dropout": ("test_each_option.py", "test_dropout_leaves_out_inputs_of_the_head_in_training"),
    "clip": ("test_each_option.py", "test_a_step_is_no_longer_than_its_gradient_may_be"),
    "schedule": ("test_loop.py", "test_schedules"),
    "patience": ("test_loop.py", "test_it_stops_after_its_patience"),
    "optimizer": ("test_plan.py", "test_every_optimizer_learns"),
    "layer_decay": ("test_plan.py", "test_each_layer_learns_more_slowly_than_the_one_above"),
    "accumulation": ("test_plan.py", "test_two_batches_of_eight_are_one_of_sixteen"),
    "devices": ("test_distributed.py", "test_two_processes_give_the_losses_of_one"),
    "sharding": (
        "generative/test_sharding.py",
        "test_all_weights_are_trained_stopped_resumed_and_saved_whole",
    ),
    "checkpointing": ("test_checkpointing.py", "test_it_is_the_same_gradient"),
    "label_smoothing": ("test_plan.py", "test_label_smoothing_is_its_formula"),
    "max_steps": ("test_plan.py", "test_training_ends_at_its_limit_of_steps"),
    "trained": ("test_plan.py", "test_what_is_frozen_stays_bit_for_bit"),
    "top_layers": ("test_plan.py", "test_what_is_frozen_stays_bit_for_bit"),
    "stop_metric": ("test_judging.py", "test_the_score_that_was_chosen_counts"),
    "min_gain": ("test_plan.py", "test_a_small_gain_does_not_count_for_the_patience"),
    "probe_head": ("test_each_option.py", "test_a_probed_head_knows_something_before_the_training"),
    "long_text": ("test_coding_sequence.py", "test_windows_cover_every_token"),
    "class_weights": ("test_loop.py", "test_class_weights_change_the_loss"),
    "focal": ("test_plan.py", "test_focal_loss_is_its_formula"),
    "oversampling": ("test_plan.py", "test_rare_rows_are_seen_more_often_by_training"),
    "pooling": ("test_pooling.py", "test_a_network_reads_as_its_model_says"),
    "few_shot": (
        "test_few_shot.py",
        "test_each_changes_the_training_and_the_same_seed_repeats_it",
    ),
    "augmentation": ("test_augment.py", "test_words_are_masked_or_replaced_by_near_ones"),
    "augment_share": ("test_augment.py", "test_a_larger_share_changes_more"),
    "matching": ("test_fit_alone.py", "test_it_is_said_how_the_texts_are_read"),
    "method": ("test_adapting.py", "test_a_fine_tune_saves_a_plain_model_with_its_base_changed"),
    "rank": ("test_each_option.py", "test_a_larger_rank_has_more_weights"),
    "alpha": ("test_adapting.py", "test_the_rank_of_rslora_scales_by_its_root"),
    "virtual_tokens": (
        "test_adapting.py",
        "test_a_prompt_is_learnt_before_every_text_and_the_base_stays",
    ),
    "quantize": (
        "generative/test_quantizing.py",
        "test_what_is_learnt_is_put_into_the_weights_as_they_came",
    ),
    "max_new_tokens": ("generative/test_files_text.py", "max_new_tokens"),
    "packing": ("generative/test_fit_writing.py", "test_short_rows_can_be_put_into_one"),
    "tested": ("generative/test_fit_writing.py", "test_it_ends_with_a_report"),
    "seeds": ("test_seeds.py", "test_a_run_of_three_seeds"),
    "precision": ("test_loop.py", "test_bf16_is_taken_only_where_the_hardware_has_it"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_it_is_shown(name: str) -> None:
    file, test = SHOWN[name]
    assert test in (HERE / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda one: one.name)
def test_it_is_explained_in_a_line_and_bounded(option: Any) -> None:
    assert option.explain.endswith(".")
    assert option.kind is bool or option.choices or (option.low < option.high)


def test_more_epochs_and_smaller_batches_are_more_steps() -> None:
    assert replace(PLAN, epochs=3, batch_size=16).steps(48) == 9
    assert replace(PLAN, epochs=2, batch_size=8).steps(48) == 12


def test_dropout_leaves_out_inputs_of_the_head_in_training(tiny_base: Path) -> None:
    vectors = torch.ones(1, 32)
    for share, same in ((0.0, True), (0.5, False)):
        made = backbone.network(tiny_base, ABOUT, share).train()
        assert torch.equal(made.dropout(vectors), vectors) == same
        assert torch.equal(made.eval().dropout(vectors), vectors)


def test_a_step_is_no_longer_than_its_gradient_may_be(
    network: Callable[..., Any],  # noqa: F811
    pieces: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of plain SGD: the way that all weights go together is the rate times the gradient's length."""
    monkeypatch.setattr(optimizers, "MOMENTUM", 0.0)
    ways = {}
    for clip in (1e-3, 100.0):
        plan = replace(PLAN, optimizer="sgd", learning_rate=1.0, head_learning_rate=1.0, clip=clip)
        made = network()
        before = [item.detach().clone() for item in made.parameters()]
        losses_of(made, pieces, replace(plan, weight_decay=0.0), steps=1)
        moved = zip(made.parameters(), before, strict=True)
        ways[clip] = float(torch.cat([(new - old).flatten() for new, old in moved]).norm())
    assert ways[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert ways[100.0] > 10 * ways[1e-3]


def test_a_larger_rank_has_more_weights(tiny_base: Path) -> None:
    from training import adapters

    found = []
    for rank in (2, 8):
        made = backbone.network(tiny_base, ABOUT)
        adapters.begin(made, {"method": "lora", "rank": rank, "alpha": 8}, [])
        found.append(adapters.trained(made.base)["trained"])
    assert found[1] == 4 * found[0]


def test_a_probed_head_knows_something_before_the_training(
    make_spec: Callable[..., Spec], tmp_path: Path
) -> None:
    accuracy = {}
    for probed in (True, False):
        folder = tmp_path / str(probed)
        with closing(fit(make_spec(probe_head=probed, epochs=1), folder)) as steps:
            start = next(one for one in steps if isinstance(one, Scored))
        accuracy[probed] = start.metrics["accuracy"]
    assert accuracy[True] > accuracy[False]
