"""A model is asked in the background; the rows that it is least certain about come first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from projects.pools import kinds, labelling, selectors, services, suggesting
from projects.pools.models import UNASKED, Pool, PoolRow
from projects.runs.models import Run, Status
from projects.serving import client
from training.problems import Problem

from .conftest import FakeModel, newest


def order(pool: Pool) -> list[int]:
    return [row.number for row in selectors.open_rows(pool)]


def test_without_a_model_the_order_is_that_of_the_file(pool: Pool) -> None:
    assert order(pool) == [0, 1, 2, 3, 4]
    assert set(pool.texts.values_list("order", flat=True)) == {UNASKED}


def test_the_most_uncertain_comes_first(suggested: Pool) -> None:
    assert newest(suggested).status == "ready"
    assert order(suggested) == [4, 3, 2, 1, 0]
    row = PoolRow.objects.get(pool=suggested, number=4)
    assert row.shares == [["refund", 0.5], ["billing", 0.49], ["delivery", 0.01]]
    assert row.order == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("shares", "margin"), [([("a", 0.6), ("b", 0.3)], 0.3), ([("a", 1.0)], 1.0)]
)
def test_margin(shares: kinds.Shares, margin: float) -> None:
    assert kinds.margin(shares) == pytest.approx(margin)


def test_it_asks_in_batches(suggested: Pool, model: FakeModel, run: Run) -> None:
    assert [len(asked) for asked in model.asked] == [5]
    assert model.folders[0].parts[-2:] == (str(run.pk), "artifact")


def test_long_work_gives_others_their_turn(
    add: Callable[..., Pool], run: Run, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting, "TURN", -1.0)
    monkeypatch.setattr(suggesting, "BATCH", 2)
    pool = add(run=run)
    assert [len(asked) for asked in model.asked] == [2, 2, 1]
    assert newest(pool).status == "ready"
    assert order(pool) == [4, 3, 2, 1, 0]


def test_answered_rows_are_not_asked_about(
    pool: Pool, run: Run, model: FakeModel, alice: User, work: Callable[[], Any]
) -> None:
    labelling.answer(pool=pool, user=alice, number=2, values={"label": "refund"})
    services.suggest(pool=pool, run=run, user=alice)
    work()
    assert len(model.asked[0]) == 4
    assert PoolRow.objects.get(pool=pool, number=2).shares == []


def test_a_newer_run_orders_what_is_left_anew(
    suggested: Pool,
    make_run: Callable[..., Run],
    model: FakeModel,
    alice: User,
    work: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newer = make_run()
    monkeypatch.setattr(
        client,
        "predict",
        lambda folder, inputs, vectors: [
            {"probabilities": {"billing": 0.5 + int(item["text"][-1]) / 10, "refund": 0.1}}
            for item in inputs
        ],
    )
    services.suggest(pool=suggested, run=newer, user=alice)
    work()
    assert order(suggested) == [0, 1, 2, 3, 4]
    assert newest(suggested).run == newer


def test_a_later_round_takes_the_place_of_the_one_before(
    pool: Pool, run: Run, make_run: Callable[..., Run], model: FakeModel, alice: User, work: Any
) -> None:
    first = services.suggest(pool=pool, run=run, user=alice)
    assert services.suggest(pool=pool, run=run, user=alice) == first  # asked twice, done once
    second = services.suggest(pool=pool, run=make_run(), user=alice)
    work()
    assert len(model.asked) == 1
    assert set(pool.texts.values_list("round", flat=True)) == {second.pk}


def test_without_the_serving_process_it_says_so(add: Callable[..., Pool], run: Run) -> None:
    pool = add(run=run)
    assert pool.status == "ready"
    assert newest(pool).problem == {"code": "serving.unavailable", "values": {}}


def test_a_fault_of_ours_has_an_incident(
    pool: Pool, run: Run, alice: User, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        client, "predict", lambda folder, inputs, vectors: [{"nothing": 1}] * len(inputs)
    )
    services.suggest(pool=pool, run=run, user=alice)
    work()
    assert set(newest(pool).problem or {}) == {"incident"}


def test_only_models_of_this_data_can_be_asked(
    version: Any, make_run: Callable[..., Run], run: Run
) -> None:
    failed = make_run(Status.FAILED)
    newer = make_run()
    assert selectors.models_for(version.project, version) == [newer, run]
    with pytest.raises(Problem) as caught:
        selectors.model_in(version.project, version, str(failed.pk))
    assert caught.value.code == "pool.run"
