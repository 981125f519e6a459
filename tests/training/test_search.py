"""A search for better settings: trials on the validation rows, pruned, resumable, then the best trained and tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.training.conftest import quick
from training.events import Event, Report, Scored, Searching, Stage, Trial
from training.fit import run as fits
from training.problems import Problem
from training.search import run as searches
from training.search import search, together
from training.search import trial as trials_of
from training.spec import Spec

Make = Callable[..., Spec]
NAMES = "learning_rate,epochs"


@pytest.fixture
def spec(make_spec: Make) -> Make:
    """A spec whose learning rate and epochs are left to the search."""

    def make(**given: Any) -> Spec:
        search = {"trials": 3, "names": NAMES, **given.pop("search", {})}
        return make_spec(**{"epochs": None, "learning_rate": None, "search": search, **given})

    return make


def ended(events: Iterable[Event]) -> list[Trial]:
    return [one for one in events if isinstance(one, Trial) and one.state != "running"]


def first(count: int, steps: Any) -> list[Trial]:
    """The first trials that end; what comes after them does not happen."""
    found: list[Trial] = []
    with closing(steps):
        while len(found) < count:
            found += ended([next(steps)])
    return found


def plain(trials: Iterable[Trial]) -> list[tuple[Any, ...]]:
    return [(one.number, one.state, one.settings, one.values, one.value) for one in trials]


@pytest.fixture(scope="module")
def found(tiny_base: Path, tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(folder, events) of a whole search; read only."""
    folder = tmp_path_factory.mktemp("search")
    budget = {"trials": 7, "pruner": "none"}
    spec = quick(tiny_base, tickets, settings={"precision": "fp32"}, search=budget)
    return folder, list(search(spec, folder))


def test_it_begins_with_the_usual_settings(found: Any) -> None:
    _folder, events = found
    told = next(one for one in events if isinstance(one, Searching))
    first = ended(events)[0]
    assert first.number == 0
    assert first.settings == {one["name"]: one["usual"] for one in told.space}


def test_every_trial_is_told(found: Any) -> None:
    _folder, events = found
    trials = ended(events)
    assert [one.number for one in trials] == list(range(7))
    assert {one.state for one in trials} == {"complete"}
    assert all(len(one.values) >= 1 and one.seconds > 0 for one in trials)
    assert len({str(one.settings) for one in trials}) == 7


def test_the_best_is_trained_again_and_gives_what_it_gave(found: Any) -> None:
    _folder, events = found
    report = next(one for one in events if isinstance(one, Report))
    told = report.details["search"]
    best = next(one for one in told["trials"] if one["number"] == told["best"])
    assert told["value"] == max(one["value"] for one in told["trials"])
    assert {name: report.details["settings"][name] for name in best["settings"]} == best["settings"]
    scored = [one for one in events if isinstance(one, Scored) and one.best]
    assert scored[-1].metrics[told["figure"]] == pytest.approx(best["value"], abs=1e-9)


def test_it_leaves_what_a_fine_tune_leaves(found: Any) -> None:
    folder, _events = found
    names = {"report.json", "artifact.zip", "predictions.parquet", "spec.json", "study.journal"}
    assert names <= {path.name for path in folder.iterdir()}
    assert not list(folder.glob(".*"))


def test_it_says_which_settings_matter(found: Any) -> None:
    _folder, events = found
    told = next(one for one in events if isinstance(one, Report)).details["search"]
    assert set(told["importance"]) == {one["name"] for one in told["space"]}
    assert sum(told["importance"].values()) == pytest.approx(1)


def test_progress_rises_to_the_end(found: Any) -> None:
    _folder, events = found
    shares = [one.progress for one in events if isinstance(one, Stage)]
    assert shares == sorted(shares)
    names = list(dict.fromkeys(one.name for one in events if isinstance(one, Stage)))
    assert names[:2] == ["reading", "searching"]


def test_cut_off_it_goes_on_as_it_would_have(spec: Make, tmp_path: Path) -> None:
    """The same seed gives the same trials, in one go or in two."""
    whole = plain(first(3, search(spec(), tmp_path / "whole")))
    cut = plain(first(1, search(spec(), tmp_path / "cut")))
    assert cut == whole[:1]
    assert plain(first(3, search(spec(), tmp_path / "cut"))) == whole


def test_a_trial_in_the_middle_of_which_it_was_cut_off_is_tried_again(
    spec: Make, tmp_path: Path
) -> None:
    with closing(search(spec(), tmp_path)) as steps:
        begun = next(one for one in steps if isinstance(one, Trial) and one.state == "running")
    assert first(1, search(spec(), tmp_path))[0].settings == begun.settings


def test_stopped_it_leaves_the_best_so_far(spec: Make, tmp_path: Path) -> None:
    with closing(search(spec(), tmp_path)) as steps:
        next(one for one in steps if isinstance(one, Trial) and one.state == "complete")
    assert (tmp_path / "checkpoint" / "attune.json").is_file()
    assert not list(tmp_path.glob(".*"))


def test_a_folder_with_another_search_is_refused(spec: Make, tmp_path: Path) -> None:
    with closing(search(spec(), tmp_path)) as steps:
        next(one for one in steps if isinstance(one, Trial))
    with pytest.raises(Problem, check=lambda one: one.code == "search.other"):
        list(search(spec(seed=14), tmp_path))


def test_no_trial_holds_a_test_row(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[int]] = []
    trained = fits.trained

    def watched(job: Any, *given: Any) -> Any:
        seen.append({row.row for rows in job.rows.values() for row in rows})
        return trained(job, *given)

    monkeypatch.setattr(fits, "trained", watched)
    list(search(spec(), tmp_path))
    *trials, last = seen
    assert len(trials) == 3
    assert all(rows < last for rows in trials)
    assert sum(map(len, trials)) < 3 * 120 <= 3 * len(last)


def test_a_trial_without_enough_memory_fails_alone(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, numbers = trials_of.tried, iter(range(9))

    def scarce(*given: Any) -> Any:
        if next(numbers) == 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return tried(*given)

    monkeypatch.setattr(trials_of, "tried", scarce)
    trials = first(3, search(spec(), tmp_path))
    assert [one.state for one in trials if one.number == 1] == ["failed"]
    assert next(one for one in trials if one.number == 1).reason == "train.memory"
    assert sum(one.state == "complete" for one in trials) >= 1


def test_when_every_trial_fails_it_says_so(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverging(*_given: Any) -> Any:
        raise Problem("train.diverged", step=1, learning_rate=1.0, steps=3)
        yield

    monkeypatch.setattr(trials_of, "tried", diverging)
    with pytest.raises(Problem, check=lambda one: one.code == "search.failed") as raised:
        list(search(spec(), tmp_path))
    assert raised.value.values == {"trials": 3, "reasons": "train.diverged"}


def test_a_fault_of_ours_ends_it(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(trials_of, "tried", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        list(search(spec(), tmp_path))


def test_when_time_is_over_it_ends_with_what_it_has(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches.Search, "seconds", lambda _self: 61.0)
    events = list(search(spec(search={"trials": None, "minutes": 1}), tmp_path))
    assert [one.number for one in ended(events)] == [0]
    assert any(isinstance(one, Report) for one in events)


def test_a_trial_that_promises_less_is_given_up(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, following = list[int](), searches.Search.next

    def counted(self: Any) -> Any:
        now = following(self)
        numbers.append(now.told.number)
        return now

    monkeypatch.setattr(searches.Search, "next", counted)
    monkeypatch.setattr(trials_of.Ready, "value", lambda _self, _event: 0.1 if numbers[-1] else 0.9)
    trials = first(
        3, search(spec(effort="balanced", epochs=3, search={"names": "learning_rate"}), tmp_path)
    )
    assert trials[0].state == "complete"
    assert [one.state for one in trials[1:]] == ["pruned", "pruned"]
    assert {one.reason for one in trials[1:]} == {"promise"}
    assert all(len(one.values) == 1 for one in trials[1:])


def test_without_validation_rows_there_is_nothing_to_choose_by(
    spec: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = searches.jobs.read

    def none_for_validation(job: Any) -> Any:
        yield from read(job)
        job.rows["valid"] = []

    monkeypatch.setattr(searches.jobs, "read", none_for_validation)
    with pytest.raises(Problem, check=lambda one: one.code == "search.no_valid"):
        list(search(spec(), tmp_path))


SEVERAL = {"trials": 4, "parallel": 2, "names": NAMES.split(",")}


@pytest.fixture(scope="module")
def several(tiny_base: Path, tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(spec, folder, events, number) of a search with two trials at a time; that of this number has been killed."""
    folder = tmp_path_factory.mktemp("several")
    spec = quick(tiny_base, tickets, settings={"precision": "fp32"}, search=SEVERAL)
    given, killed = together._given, list[int]()

    def killing(found: Any, workers: Any) -> Any:
        again = yield from given(found, workers)
        running = [one for one in workers if one.now]
        if len(running) == 2 and not killed:
            running[0].process.kill()
            killed.append(running[0].now.told.number)
        return again

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "_given", killing)
        events = list(search(spec, folder))
    return spec, folder, events, killed[0]


def test_several_trials_run_at_the_same_time(several: Any) -> None:
    """In processes of their own; what they tell is one study, and the best of them is trained and tested."""
    spec, folder, events, _killed = several
    trials = [one for one in events if isinstance(one, Trial)]
    assert sorted(one.number for one in ended(trials)) == [0, 1, 2, 3]
    running: set[int] = set()
    most = 0
    for one in trials:
        running = running | {one.number} if one.state == "running" else running - {one.number}
        most = max(most, len(running))
    assert most == 2
    report = next(one for one in events if isinstance(one, Report))
    told = report.details["search"]
    assert told["value"] == max(one.value for one in ended(trials) if one.state == "complete")
    shares = [one.progress for one in events if isinstance(one, Stage)]
    assert shares == sorted(shares)
    assert not list(folder.glob(".*"))
    # Another process goes on with what is in the folder, alone or with several.
    more = replace(spec, search={**SEVERAL, "trials": 5, "parallel": 1})
    assert [one.number for one in first(5, search(more, folder))] == [0, 1, 2, 3, 4]


def test_a_trial_whose_process_is_killed_fails_alone(several: Any) -> None:
    _spec, _folder, events, killed = several
    failed = [one for one in ended(events) if one.state == "failed"]
    assert [(one.number, one.reason) for one in failed] == [(killed, "train.memory")]
    assert sum(one.state == "complete" for one in ended(events)) >= 1
