"""Figures for the results page."""

from projects import figures
from projects.runs import charts

SCORES = {
    "a": {"precision": 1.0, "recall": 0.5, "f1": 0.66, "support": 4},
    "b": {"precision": 0.2, "recall": 0.2, "f1": 0.2, "support": 5},
}


def test_label_bars_put_the_weakest_label_on_top() -> None:
    figure = charts.label_bars(SCORES)
    assert [trace["y"][-1] for trace in figure["data"]] == ["b", "b"]  # plotly draws upwards
    assert {trace["name"]: trace["x"] for trace in figure["data"]}["Recall"] == [0.5, 0.2]


def test_confusion_shows_shares_of_the_true_label_and_carries_counts() -> None:
    heat = charts.confusion(["a", "b"], [[3, 1], [0, 0]])["data"][0]
    assert heat["z"] == [[0.75, -1], [0, 0]]
    assert heat["customdata"] == [[3, 1], [0, 0]]
    assert heat["text"] == [[3, 1], ["", ""]]
    assert heat["meta"] == ["a", "b"]


def test_rare_mistakes_are_drawn_faintly() -> None:
    heat = charts.confusion(["a", "b"], [[95, 5], [0, 10]])["data"][0]
    assert heat["z"] == [[0.95, -0.5], [0, 1]]


def test_of_many_labels_the_most_confused_are_shown_with_shares_of_all_their_rows() -> None:
    count = charts.SHOWN + 5
    matrix = [[0] * count for _ in range(count)]
    for i in range(count):
        matrix[i][i] = 6
        matrix[i][(i + 1) % count] = 4 if i == 7 else 1
    heat = charts.confusion([f"l{i}" for i in range(count)], matrix, whole=False)["data"][0]
    assert heat["meta"][:2] == ["l7", "l8"]
    assert len(heat["meta"]) <= charts.SHOWN
    assert heat["z"][0][:2] == [0.6, -1]


def test_without_a_mistake_the_matrix_is_whole() -> None:
    count = charts.SHOWN + 1
    matrix = [[int(i == j) for j in range(count)] for i in range(count)]
    heat = charts.confusion([str(i) for i in range(count)], matrix, whole=False)["data"][0]
    assert len(heat["meta"]) == count


def test_of_many_labels_the_bars_show_the_weakest() -> None:
    scores = {
        f"l{i}": {"precision": 0.5, "recall": 0.5, "f1": i / 100, "support": 1} for i in range(77)
    }
    names = charts.label_bars(scores)["data"][0]["y"]
    assert (len(names), names[-1]) == (charts.SHOWN, "l0")


def test_many_labels_carry_no_numbers_in_their_cells() -> None:
    count = charts.SHOWN + 1
    heat = charts.confusion([str(i) for i in range(count)], [[0] * count] * count)["data"][0]
    assert "texttemplate" not in heat


def test_labels_are_escaped() -> None:
    figure = charts.confusion(["<b>x</b>", "&"], [[1, 0], [0, 1]])
    assert figure["data"][0]["x"] == ["&lt;b&gt;x&lt;/b&gt;", "&amp;"]


def test_long_labels_stay_different() -> None:
    long = "a" * 60
    names = figures.unique([f"{long[:30]}x{long}", f"{long[:30]}y{long}"])
    assert len(set(names)) == 2
    assert all(len(name) <= figures.LONGEST + 4 for name in names)


def test_live_has_a_line_for_every_figure() -> None:
    live = charts.live(["micro_f1", "macro_f1"], "token")
    assert len(live["loss"]["data"]) == 3
    lines = live["scores"]["data"]
    assert [(line["meta"], line["name"]) for line in lines] == [
        ("micro_f1", "Entity F1"),
        ("macro_f1", "Macro F1"),
    ]


def test_live_draws_losses_with_the_losses() -> None:
    live = charts.live(["valid_loss", "accuracy"])
    assert [line.get("meta") for line in live["loss"]["data"]][3:] == ["valid_loss"]
    assert [line["meta"] for line in live["scores"]["data"]] == ["accuracy"]


def test_live_gives_what_is_no_share_an_axis_of_its_own() -> None:
    live = charts.live(["rougeL", "perplexity"])["scores"]
    assert [line.get("yaxis") for line in live["data"]] == [None, "y2"]
    assert live["layout"]["yaxis2"]["title"]["text"] == "Perplexity"
    assert "tickformat" not in live["layout"]["yaxis"]
