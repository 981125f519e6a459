"""The Chinese catalogue: complete, well-formed, compiled, and really used at run time."""

from __future__ import annotations

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import translation

from projects.runs.forms import AdvancedForm, Choice
from projects.runs.names import SETTINGS, setting_title, setting_value
from projects.runs.selectors import STAGE_TITLES
from training.catalogue import BASES
from training.events import STAGES
from training.options import OPTIONS
from training.problems import TABLE, fill
from training.table import FORMATS as FILES
from training.table.kinds import SIGNATURES
from training.tasks import TASKS
from training.tasks.shape import COMMON
from training.validation import GATES, personal
from web.errors import words

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
SOURCES = ("platform", "projects", "training", "templates")
FORMATS = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}|</?\w+[^>]*>")
SAME = {
    "sha256",
    "API",
    "Attune",
    "F1",
    "%(done)s of %(total)s",
    "%(millions)s M",
    "%(used)s of %(limit)s",
}
SAME |= {"CSV", "ROC", "SQuAD 2", "spaCy JSON Lines", "doccano JSON Lines"}
SAME |= {"GPU", "GPUs", "%(used)s of %(uses)s", "Webhook", "Webhooks", "webhook", "webhooks"}
CHINESE = "[\u4e00-\u9fff]"
HINT = "Run “make messages” and translate what is new."


@dataclass
class Entry:
    msgid: str
    msgstr: str = ""
    plural: str = ""
    fuzzy: bool = False
    msgctxt: str = ""


def entries(path: Path) -> list[Entry]:
    """The entries of a .po file without its header and what is obsolete; Chinese has one plural form."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    found = [entry(block.splitlines()) for block in blocks if re.search("^msgid", block, re.M)]
    return [item for item in found if item.msgid]


def entry(lines: list[str]) -> Entry:
    made, name = Entry(""), ""
    for line in lines:
        if line.startswith("#"):
            made.fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        if not line.startswith('"'):
            keyword, line = line.split(" ", 1)
            name = "plural" if keyword == "msgid_plural" else keyword.partition("[")[0]
        setattr(made, name, getattr(made, name) + ast.literal_eval(line))
    return made


CATALOGUE = entries(FOLDER / "django.po")
BY_ID = {item.msgid: item for item in CATALOGUE}


def test_every_entry_is_translated() -> None:
    assert len(CATALOGUE) > 900
    assert not [item.msgid for item in CATALOGUE if not item.msgstr.strip()]
    assert not [item.msgid for item in CATALOGUE if item.fuzzy]


def test_nothing_is_left_in_english() -> None:
    same = [item.msgid for item in CATALOGUE if not re.search(CHINESE, item.msgstr)]
    symbols = [text for text in same if re.search("[A-Za-z]", FORMATS.sub("", text))]
    assert not set(symbols) - SAME


def test_placeholders_and_tags_are_those_of_the_original() -> None:
    wrong = [
        (item.msgid, item.msgstr)
        for item in CATALOGUE
        if Counter(FORMATS.findall(item.plural or item.msgid))
        != Counter(FORMATS.findall(item.msgstr))
    ]
    assert not wrong


def test_spaces_at_the_ends_are_those_of_the_original() -> None:
    def ends(text: str) -> tuple[bool, bool]:
        return text[:1].isspace(), text[-1:].isspace()

    assert not [item.msgid for item in CATALOGUE if ends(item.msgid) != ends(item.msgstr)]


def test_typography_is_chinese() -> None:
    """Full-width punctuation after Chinese, and a space between Chinese and Latin letters or figures."""
    narrow = re.compile(f"{CHINESE}[,.;:!?()]|[(]{CHINESE}")
    tight = re.compile(f"{CHINESE}[A-Za-z0-9]|[A-Za-z0-9]{CHINESE}")
    bare = [(item, re.sub("<[^>]+>", "", FORMATS.sub("", item.msgstr))) for item in CATALOGUE]
    assert not [item.msgstr for item, text in bare if narrow.search(text) or tight.search(text)]


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for item in CATALOGUE:
        if item.plural:
            assert compiled.ngettext(item.msgid, item.plural, 2) == item.msgstr, "make messages"
        else:
            told = compiled.pgettext(item.msgctxt, item.msgid) if item.msgctxt else ""
            assert (told or compiled.gettext(item.msgid)) == item.msgstr, "make messages"


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_msgfmt_finds_no_fault(tmp_path: Path) -> None:
    command = ["msgfmt", "--check-format", "--check-domain", "-o", str(tmp_path / "django.mo")]
    done = subprocess.run([*command, str(FOLDER / "django.po")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext is not installed")
def test_the_catalogue_has_what_is_in_the_sources(tmp_path: Path) -> None:
    found = {item.msgid for item in entries(extracted(tmp_path))}
    assert not found - BY_ID.keys(), HINT
    assert not BY_ID.keys() - found, HINT


def extracted(tmp_path: Path) -> Path:
    """A fresh catalogue, made in a copy of the sources."""
    for path in sources():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (tmp_path / "locale").mkdir()
    done = subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale", "zh_Hans", "--no-location"],
        cwd=tmp_path,
        env={**os.environ, "ATTUNE_HOME": str(tmp_path / "var"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def sources() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for folder in SOURCES:
        for pattern in ("*.py", "*.html", "*.txt"):
            yield from (ROOT / folder).rglob(pattern)


# --- texts that are marked in the training package, which knows no Django -------------------------------------------


def marked() -> Iterator[str]:
    for item in TABLE.values():
        yield from (item.title, item.expected, item.found, item.remedy)
    for task in TASKS.values():
        yield from (task.title, task.description)
        yield from (variant.title for variant in task.variants)
        for column in (*task.columns, *COMMON):
            yield from (column.title, column.help)
    yield from (gate.rule for gate in GATES.values())
    yield from (known.title for known in FILES.values())
    yield from personal.KINDS.values()
    yield from (option.explain for option in OPTIONS.values())
    yield from (base.description for base in BASES.values())
    yield from (kind for _head, code, kind in SIGNATURES if code != "file.lfs")


def test_texts_of_the_training_package_are_in_the_catalogue() -> None:
    assert not [text for text in marked() if text and text not in BY_ID]


def test_every_setting_has_a_title() -> None:
    assert SETTINGS.keys() == OPTIONS.keys()
    with translation.override("zh-hans"):
        assert setting_title("learning_rate") == "学习率"


def test_a_setting_that_is_on_or_off_says_so() -> None:
    with translation.override("zh-hans"):
        assert [setting_value(value) for value in (True, False, 0.5)] == ["开启", "关闭", 0.5]


def test_a_wrong_setting_is_named_as_its_field_is() -> None:
    choice = Choice("model", None, "minilm-l6", "quick", settings={"learning_rate": "7"})
    with translation.override("zh-hans"):
        assert "学习率 介于" in str(AdvancedForm(choice).errors["set-learning_rate"])


def test_every_stage_has_a_title() -> None:
    assert STAGE_TITLES.keys() == set(STAGES)
    with translation.override("zh-hans"):
        assert str(STAGE_TITLES["training"]) == "微调"


@pytest.mark.parametrize("code", TABLE)
def test_a_problem_is_told_in_the_readers_language(code: str) -> None:
    with translation.override("zh-hans"):
        told = words(code, {})
    assert told["title"] == fill(BY_ID[TABLE[code].title].msgstr, {})
    assert told["remedy"] == (
        fill(BY_ID[TABLE[code].remedy].msgstr, {}) if TABLE[code].remedy else ""
    )


def test_our_own_words_among_the_values_are_translated() -> None:
    with translation.override("zh-hans"):
        leak = words("leak.exact", {"split": "test", "other": "train"})
        kind = words("file.binary", {"kind": "PDF document"})
        role = words("column.unmapped", {"role": "label", "columns": "text, label"})
    assert leak["found"].endswith("的文本也出现在训练划分中。结果会显得比实际更好。")
    assert leak["found"].startswith("测试划分中有")
    assert "PDF 文档" in kind["found"]
    assert "“标签”" in role["found"]
    assert "text, label" in role["found"]


def test_the_users_own_values_stay_as_they_are() -> None:
    with translation.override("zh-hans"):
        found = words("column.missing", {"column": "Name", "columns": "Text, Name"})
    assert "“Name”" in found["expected"]
    assert "Text, Name" in found["found"]
