"""The product's own sample data sets: what they promise, and that a check finds every fault that was planted."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from projects.datasets.samples import FOLDER, SAMPLES, Sample, path
from training import table
from training.splits import fingerprint
from training.tasks import TASKS
from training.tasks.shape import Parsed, read_plain
from training.validation import Outcome, Source, check, guess_columns

ALL = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
CLEAN = pytest.mark.parametrize("name", [name for name in SAMPLES if name != "planted-faults"])
ONE_LABEL_ENGLISH = pytest.mark.parametrize("name", ["support-tickets", "product-reviews"])

PLANTED: dict[str, list[int]] = json.loads((FOLDER / "planted_faults.json").read_text())
OF_TEXTS = {kind: lines for kind, lines in PLANTED.items() if kind.startswith("text.")}
OF_A_CHECK = {
    kind: lines
    for kind, lines in PLANTED.items()
    if kind not in OF_TEXTS and kind != "column.spaces"
}
# A check counts these and names no lines.
COUNTED = {"row.blank", "row.trailing"}


def rows_of(sample: Sample) -> list[dict[str, str]]:
    with path(sample).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kept(sample: Sample) -> list[Parsed]:
    """Every row as the sample's variant understands it."""
    variant = TASKS[sample.task].variant(sample.variant)
    rows = [
        {role: row.get(sample.columns.get(role, ""), "") for role in TASKS[sample.task].roles}
        for row in rows_of(sample)
    ]
    return [variant.parse(row) if variant.parse else read_plain(variant, row) for row in rows]


def checked(sample: Sample) -> Outcome:
    source = Source("train", str(path(sample)), path(sample).name)
    return check(TASKS[sample.task], [source], sample.columns)


def record_at(line: int) -> str:
    """The raw text of planted_faults.csv from a line on."""
    lines = SAMPLES["planted-faults"].file.read_text("utf-8").splitlines(keepends=True)
    return "".join(lines[line - 1 :])


def planted_row(line: int) -> list[str]:
    return next(csv.reader(io.StringIO(record_at(line), newline="")))


@ALL
def test_its_name_is_its_key(sample: Sample) -> None:
    assert SAMPLES[sample.name] is sample


@ALL
def test_its_task_is_there(sample: Sample) -> None:
    task = TASKS[sample.task]
    assert sample.variant in {"", *(variant.name for variant in task.variants)}


def test_every_task_has_one_in_english() -> None:
    english = {sample.task for sample in SAMPLES.values() if sample.language == "en"}
    assert english == set(TASKS)


def test_four_tasks_have_one_in_chinese() -> None:
    chinese = {sample.task for sample in SAMPLES.values() if sample.language == "zh"}
    assert len(chinese) >= 4


@CLEAN
def test_its_language_is_the_one_that_it_is_in(name: str) -> None:
    sample = SAMPLES[name]
    column = sample.columns[TASKS[sample.task].text_role]
    texts = "".join(row[column] for row in rows_of(sample))
    chinese = len(re.findall("[一-鿿]", texts))
    assert (chinese > len(texts) / 10) == (sample.language == "zh")


@ALL
def test_it_is_plain_utf_8(sample: Sample) -> None:
    data = path(sample).read_bytes()
    data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    assert b"\0" not in data
    assert data.endswith(b"\n")


@ALL
def test_its_columns_are_guessed(sample: Sample) -> None:
    preview = table.preview(path(sample))
    assert (preview.encoding, preview.delimiter) == ("utf-8", ",")
    # Nobody's column is taken for a group without asking.
    wanted = {role: column for role, column in sample.columns.items() if role != "group"}
    assert guess_columns(TASKS[sample.task], preview.columns, preview.rows) == wanted


@ALL
def test_its_description_tells_the_rows(sample: Sample) -> None:
    assert str(sample.description).startswith(f"{len(rows_of(sample))} ")


def test_the_readme_tells_the_rows() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    for sample in SAMPLES.values():
        assert f"| `{path(sample).name}` | {len(rows_of(sample))} |" in readme


def test_every_file_is_a_sample() -> None:
    assert {path(sample) for sample in SAMPLES.values()} == set(FOLDER.glob("*.csv"))


def test_the_tickets_have_eight_uneven_intents() -> None:
    counts = Counter(row["intent"] for row in rows_of(SAMPLES["support-tickets"]))
    assert len(counts) == 8
    assert 40 <= min(counts.values()) < max(counts.values()) <= 80


def test_the_reviews_have_three_sentiments() -> None:
    counts = Counter(row["sentiment"] for row in rows_of(SAMPLES["product-reviews"]))
    assert counts == {"positive": 180, "negative": 150, "neutral": 90}


@CLEAN
def test_a_check_finds_nothing(name: str) -> None:
    """That a label has fewer than fifty rows is mentioned, and is no fault."""
    outcome = checked(SAMPLES[name])
    assert {finding.code for finding in outcome.findings} <= {"label.modest"}
    assert outcome.gate == "green"


@CLEAN
def test_every_row_can_be_learnt_from(name: str) -> None:
    assert not [row.flaws for row in kept(SAMPLES[name]) if row.flaws]


@CLEAN
def test_it_has_no_copies(name: str) -> None:
    keys = [row.key for row in kept(SAMPLES[name])]
    assert len({fingerprint(key) for key in keys}) == len(keys)


@ONE_LABEL_ENGLISH
def test_it_has_no_near_copies(name: str) -> None:
    sample = SAMPLES[name]
    texts = [row[sample.columns["text"]] for row in rows_of(sample)]
    grams = [three_grams(text) for text in texts]
    for (one, a), (other, b) in itertools.combinations(zip(texts, grams, strict=True), 2):
        assert not a or len(a & b) / len(a | b) < 0.4, (one, other)


def three_grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return set(zip(words, words[1:], words[2:], strict=False))


@ONE_LABEL_ENGLISH
def test_its_lengths_vary(name: str) -> None:
    sample = SAMPLES[name]
    lengths = sorted(len(row[sample.columns["text"]].split()) for row in rows_of(sample))
    assert lengths[0] <= 5
    assert lengths[-1] >= 50
    assert 10 <= sum(lengths) / len(lengths) <= 30


@ONE_LABEL_ENGLISH
def test_no_word_tells_a_label(name: str) -> None:
    """The best single word for a label misses a third of its rows or is wrong in a third of its hits."""
    sample = SAMPLES[name]
    rows = [
        (set(re.findall(r"\w+", row[sample.columns["text"]].casefold())), row)
        for row in rows_of(sample)
    ]
    words = Counter(word for found, _ in rows for word in found)
    of_label = Counter(row[sample.columns["label"]] for _, row in rows)
    hits = Counter((word, row[sample.columns["label"]]) for found, row in rows for word in found)
    for (word, label), count in hits.items():
        assert count / of_label[label] < 2 / 3 or count / words[word] < 2 / 3, (word, label)


@pytest.mark.parametrize("name", ["shop-messages", "shop-messages-zh"])
def test_no_name_stands_in_two_rows(name: str) -> None:
    """A list of the names that were seen would otherwise be hard to beat. Dates and amounts come again, as they do."""
    rows: dict[str, set[int]] = {}
    for number, row in enumerate(rows_of(SAMPLES[name])):
        for span in json.loads(row["entities"]):
            if span["label"] in {"person", "place", "product", "人名", "地点", "产品"}:
                named = row["text"][span["start"] : span["end"]].casefold()
                rows.setdefault(named, set()).add(number)
    assert not {named: found for named, found in rows.items() if len(found) > 1}


def test_planted_faults_do_not_block() -> None:
    assert checked(SAMPLES["planted-faults"]).gate == "red"


@pytest.mark.parametrize("code", OF_A_CHECK)
def test_a_check_finds_what_was_planted(code: str) -> None:
    lines = OF_A_CHECK[code]
    [finding] = [f for f in checked(SAMPLES["planted-faults"]).findings if f.code == code]
    if code in COUNTED:
        assert finding.count == len(lines)
    else:
        assert sorted(place.line for place in finding.places) == lines


def test_a_check_finds_nothing_else() -> None:
    assert {f.code for f in checked(SAMPLES["planted-faults"]).findings} == set(OF_A_CHECK)


def test_the_header_has_spaces() -> None:
    assert planted_row(1)[:2] == [" ticket text ", "topic "]


def looks(kind: str, text: str) -> bool:
    return {
        "text.chinese": lambda: re.search("[一-鿿]", text),
        "text.email": lambda: re.search(r"\w@example\.(com|org)", text),
        "text.emoji": lambda: re.search("[\U0001f300-\U0001faff]", text),
        "text.formula": lambda: text[0] in "=+-@",
        "text.looks_missing": lambda: text in {"NA", "null", "None", "nan"},
        "text.markup": lambda: "<script>" in text,
        "text.newline": lambda: "\n" in text,
        "text.phone": lambda: re.search(r"\b555-01\d\d\b", text),
        "text.quotes": lambda: '"' in text,
        "text.spaces": lambda: text != " ".join(text.split()),
    }[kind]() not in (None, False)


@pytest.mark.parametrize("kind", OF_TEXTS)
def test_odd_texts_stand_where_they_were_planted(kind: str) -> None:
    assert OF_TEXTS[kind]
    for line in OF_TEXTS[kind]:
        assert looks(kind, planted_row(line)[0]), line


def test_odd_texts_are_kept_as_they_are() -> None:
    read = {record.line: record.cells[0] for record in table.read(SAMPLES["planted-faults"].file)}
    for line in sorted(itertools.chain(*OF_TEXTS.values())):
        assert read[line] == planted_row(line)[0]


def test_personal_data_is_made_up() -> None:
    for file in Path(FOLDER).glob("*.csv"):
        text = file.read_text("utf-8")
        for domain in re.findall(r"@([\w.-]+\w)", text):
            assert domain in {"example.com", "example.org"}, (file.name, domain)
        for number in re.findall(r"\b555-\d{4}\b", text):
            assert number.startswith("555-01"), (file.name, number)
