"""A training that was stopped, wherever that was, ends as if it had not been: bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.training.cut_off import PLAN, ROWS, STEPS, Training, whole
from training import backbone, loop, repair, stopping
from training.checkpoints import Store
from training.events import Kept, Note, Resumed, Scored
from training.fit import keeping
from training.problems import Problem


@pytest.fixture(autouse=True)
def _nothing_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("training.checkpoints._to_disk", lambda path: None)  # takes its time
    monkeypatch.setattr(keeping, "SHARE", 1e-9)  # nothing is saved on the way
    stopping.forget()
    yield
    stopping.forget()


OTHERS: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": name} for name in ("adamw", "sgd", "adafactor", "lion")},
    "accumulation": {"accumulation": 2, "batch_size": 2},
    "gradual": {"trained": "gradual", "layer_decay": 0.9},
    "top": {"trained": "top", "top_layers": 1},
    "weights": {"class_weights": True, "oversampling": True, "focal": 1.0},
    "few steps": {"max_steps": 7, "schedule": "cosine"},
    "early": {"patience": 1, "min_gain": 0.05, "epochs": 8},
}


def test_stopped_after_any_step_it_ends_the_same(tmp_path: Path) -> None:
    wanted = whole(tmp_path / "whole")
    for call in range(1, STEPS + 1):
        folder = tmp_path / str(call)
        Training(folder).stop_at(call)
        assert Training(folder).run().result() == wanted, call


@pytest.mark.parametrize("name", OTHERS)
def test_stopped_after_each_step_it_ends_the_same(name: str, tmp_path: Path) -> None:
    """Every process but the last does one step."""
    plan = replace(PLAN, **OTHERS[name])
    first = Training(tmp_path / "whole", plan).run()
    steps = first.outcome.history[-1].step if first.outcome else 0
    assert steps > 3
    for _step in range(steps):
        Training(tmp_path / "often", plan).stop_at(first.network.calls // steps)
    last = Training(tmp_path / "often", plan).run()
    assert last.network.calls == 0
    assert last.result() == first.result()


def test_stopped_while_it_is_judged_it_ends_the_same(tmp_path: Path) -> None:
    wanted = whole(tmp_path / "whole")
    for epoch in range(PLAN.epochs + 1):
        first = Training(tmp_path / str(epoch))
        first.stops_at_judging = epoch
        first.until_stopped()
        assert Training(tmp_path / str(epoch)).run().result() == wanted


def test_closed_like_any_generator_it_ends_the_same(tmp_path: Path) -> None:
    first = Training(tmp_path / "closed")
    data = loop.Data(ROWS, first.judge, valid_rows=len(ROWS), labels=2)
    accelerator = backbone.accelerator("fp32")
    steps = loop.train(first.network, data, PLAN, accelerator, first.keeper)
    scored = (event for event in steps if isinstance(event, Scored) and event.epoch == 2)
    next(scored)
    steps.close()
    found = Training(tmp_path / "closed").run()
    assert found.result() == whole(tmp_path / "whole")
    assert [e.epoch for e in found.events if isinstance(e, Scored)] == [3]


def test_killed_it_goes_on_from_the_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "INTERVAL", 0.0)
    monkeypatch.setattr(keeping, "SHARE", math.inf)
    first = Training(tmp_path / "killed")
    first.network.at[6] = lambda: torch.tensor(0).view(9)  # type: ignore[assignment, return-value]
    with pytest.raises(RuntimeError):
        first.run()
    found = Training(tmp_path / "killed").run()
    assert found.network.calls == STEPS - 5
    assert next(e for e in found.events if isinstance(e, Resumed)) == Resumed(5, 1.6667)
    assert found.result() == whole(tmp_path / "whole")


def test_a_step_back_after_going_on_goes_back_to_the_same_weights(tmp_path: Path) -> None:
    def astray(from_call: int) -> Training:
        found = Training(tmp_path / "stopped" if from_call < 5 else tmp_path / "whole")
        for call in range(from_call, from_call + repair.BAD_STEPS):
            found.network.at[call] = lambda: setattr(found.network, "factor", math.nan)
        found.network.at[from_call + repair.BAD_STEPS] = lambda: setattr(
            found.network, "factor", 1.0
        )
        return found

    wanted = astray(6).run()  # in the middle of the second epoch
    Training(tmp_path / "stopped").stop_at(4)
    found = astray(2).run()
    assert found.result() == wanted.result()
    assert found.codes() == wanted.codes() == ["train.stepped_back"]


def test_what_it_said_of_itself_is_said_again(tmp_path: Path) -> None:
    first = Training(tmp_path)
    first.network.at = dict.fromkeys((4, 5), lambda: setattr(first.network, "factor", math.nan))
    first.network.at[6] = lambda: setattr(first.network, "factor", math.nan)
    first.network.at[7] = lambda: setattr(first.network, "factor", 1.0)
    first.stop_at(8)
    assert first.codes() == ["train.stepped_back"]
    assert Training(tmp_path).run().codes() == ["train.stepped_back"]


def test_a_run_that_was_over_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = Training(tmp_path).run()
    again = Training(tmp_path).run()
    assert (again.network.calls, again.judged) == (0, 0)
    assert again.result() == first.result()


def test_epochs_can_be_added(tmp_path: Path) -> None:
    first = Training(tmp_path / "first").run()
    more = Training(tmp_path / "more", replace(PLAN, epochs=5), tmp_path / "first").run()
    assert more.outcome
    assert first.outcome
    assert more.network.calls == 2 * STEPS // 3
    assert more.outcome.history[:4] == first.outcome.history
    assert [one.epoch for one in more.outcome.history] == [0, 1, 2, 3, 4, 5]
    assert next(e for e in more.events if isinstance(e, Resumed)).origin


def test_added_epochs_can_be_stopped_too(tmp_path: Path) -> None:
    Training(tmp_path / "first").run()
    plan, first = replace(PLAN, epochs=5), tmp_path / "first"
    wanted = Training(tmp_path / "whole", plan, first).run().result()
    Training(tmp_path / "cut", plan, first).stop_at(4)
    assert Training(tmp_path / "cut", plan, first).run().result() == wanted


@pytest.mark.parametrize("epochs", [2, 3])
def test_fewer_epochs_than_there_were_cannot_be_added(tmp_path: Path, epochs: int) -> None:
    Training(tmp_path / "first").run()
    more = Training(tmp_path / "more", replace(PLAN, epochs=epochs), tmp_path / "first")
    with pytest.raises(Problem) as caught:
        more.run()
    assert caught.value.code == "train.continues"


# --- states that cannot be used --------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def empty(path: Path) -> None:
    path.unlink()
    path.touch()


FILES = (
    "manifest.json state.json weights.safetensors optimizer.safetensors best/weights.safetensors"
)
SPOILS: list[tuple[str, Callable[[Path], None]]] = [
    *((name, flip) for name in FILES.split()),
    ("good.safetensors", cut),
    ("random.safetensors", empty),
    ("weights.safetensors", Path.unlink),
    ("manifest.json", Path.unlink),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILS)
def test_a_spoilt_state_is_left_for_the_one_before(
    tmp_path: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    folder = tmp_path / "run"
    for _time in range(2):
        Training(folder).stop_at(3)
    last = folder / "states" / "000002"
    spoil(last / name)
    found = Training(folder).run()
    assert next(e for e in found.events if isinstance(e, Resumed)).step == 3
    assert found.codes() == ["train.checkpoint_broken"]
    assert found.result()[:2] == whole(tmp_path / "whole")[:2]


def test_without_a_whole_state_it_begins_again_and_says_so(tmp_path: Path) -> None:
    Training(tmp_path / "run").stop_at(5)
    cut(tmp_path / "run" / "states" / "000001" / "state.json")
    found = Training(tmp_path / "run").run()
    assert found.codes() == ["train.checkpoints_lost"]
    assert found.result()[:2] == whole(tmp_path / "whole")[:2]


def test_weights_of_another_network_are_not_taken(tmp_path: Path) -> None:
    Training(tmp_path).stop_at(5)
    other = Training(tmp_path)
    other.network.head = nn.Linear(4, 3)
    other.run()
    assert other.codes() == ["train.checkpoints_lost"]
    assert other.network.calls == STEPS


def test_other_conditions_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Training(tmp_path).stop_at(5)
    monkeypatch.setattr(keeping.provenance, "environment", lambda: {"torch": "9", "device": "cpu"})
    found = Training(tmp_path).run()
    (note,) = [event for event in found.events if isinstance(event, Note)]
    assert note == Note("train.resumed_elsewhere", {"step": 5, "names": "torch"})


# --- saving ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_costs_the_state_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "INTERVAL", 0.0)
    monkeypatch.setattr(keeping, "SHARE", math.inf)

    def full(*_given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.checkpoints.write_json", full)
    found = Training(tmp_path / "full").run()
    assert found.codes() == ["train.checkpoint_unsaved"]
    assert not list((tmp_path / "full" / "states").iterdir())
    assert found.result()[:2] == whole(tmp_path / "whole")[:2]


def test_what_nobody_wants_is_not_saved(tmp_path: Path) -> None:
    first = Training(tmp_path)
    first.network.at[5] = lambda: stopping.ask(keeps=False)  # type: ignore[assignment, return-value]
    first.until_stopped()
    assert not (tmp_path / "states").exists()


@pytest.mark.parametrize(
    ("cost", "waited", "epoch", "due"),
    [
        (0.1, 4.9, True, False),
        (0.1, 5.1, True, True),
        (0.1, 59, False, False),
        (0.1, 61, False, True),
        (2.0, 99, False, False),
        (2.0, 101, False, True),
    ],
)
def test_it_is_saved_as_seldom_as_it_costs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cost: float,
    waited: float,
    epoch: bool,
    due: bool,
) -> None:
    monkeypatch.setattr(keeping, "SHARE", 0.02)
    keeper = Training(tmp_path).keeper
    keeper.cost, keeper.said = cost, keeper.said - waited
    assert keeper.due(epoch=epoch) is due


def test_every_state_is_told_with_its_size_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "INTERVAL", 0.0)
    monkeypatch.setattr(keeping, "SHARE", math.inf)
    kept = [event for event in Training(tmp_path).run().events if isinstance(event, Kept)]
    # After every step but the last of an epoch, and after every epoch.
    assert [one.step for one in kept] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert all(one.size > 1000 and one.seconds > 0 for one in kept)
    with suppress(ValueError):
        assert Store(tmp_path / "states").numbers() == [10, 9]
