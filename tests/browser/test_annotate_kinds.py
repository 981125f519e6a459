"""Answers, relations, several labels and conversations, each with the mouse and with keys; offsets are code points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .test_annotate import ACCENTED, FAMILY, TEXT, drag, project, put_back, row, rows_of

pytestmark = pytest.mark.browser
Open = Callable[[str, list[dict[str, Any]]], Any]


@pytest.fixture
def opened(walk: Any, tmp_path: Path) -> Open:
    """The table of these rows, in a project for this task."""

    def opened(task: str, rows: list[dict[str, Any]]) -> Any:
        project(walk, f"kinds-{tmp_path.name}@example.org", task)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        rows_of(walk, tmp_path / "rows.jsonl", lines)
        return walk

    return opened


def change(walk: Any, number: int) -> None:
    row(walk, number).get_by_role("button", name="Change the row").click()
    expect(walk.page.locator("#editor")).to_be_visible()


def save(walk: Any) -> None:
    walk.page.locator("#editor").get_by_role("button", name="Save", exact=True).click()
    expect(walk.page.locator("#editor")).not_to_be_visible()


def saved(walk: Any, number: int) -> dict[str, str]:
    """The values of a row as the server has them, once the row says that it was changed."""
    expect(row(walk, number)).to_contain_text("Changed")
    url = walk.url + row(walk, number).get_attribute("data-url")
    answer = walk.page.request.get(url, headers={"Accept": "application/json"})
    return dict(answer.json()["values"])


def reach(keys: Any, characters: int, select: int) -> None:
    """Over some characters as they are seen, then with Shift over those that are meant."""
    keys.press("Home")
    for _character in range(characters):
        keys.press("ArrowRight")
    for _character in range(select):
        keys.press("Shift+ArrowRight")


@pytest.fixture
def questions(opened: Open) -> Any:
    rows = [{"context": TEXT, "question": "在哪里?", "answer_text": "张三", "answer_start": 7}]
    rows += [
        {"context": f"第 {n} 号在上海", "question": f"{n}?", "answer_text": "上海"}
        for n in range(30)
    ]
    rows = [{"answer_start": "", **item} for item in rows]
    return opened("Question answering", rows)


def test_an_answer_is_selected(questions: Any) -> None:
    an_answer_is_selected_by_mouse(questions)
    put_back(questions)
    an_answer_is_selected_by_keyboard(questions)
    put_back(questions)
    a_question_can_be_left_without_an_answer(questions)


def an_answer_is_selected_by_mouse(questions: Any) -> None:
    change(questions, 0)
    expect(questions.page.locator("#editor-fields")).to_contain_text("在哪里?")
    drag(questions.page, TEXT, ACCENTED)
    questions.page.locator("#marking-labels button").click()
    save(questions)
    found = saved(questions, 0)
    assert found["answer_text"] == ACCENTED
    assert found["answer_start"] == str(TEXT.index(ACCENTED))


def an_answer_is_selected_by_keyboard(questions: Any) -> None:
    keys = questions.page.keyboard
    keys.press("j")
    keys.press("Enter")
    expect(questions.page.locator("#marking")).to_be_focused()
    questions.look("rows-answer")
    reach(keys, 0, 1)  # the family is one character to the eye, and seven code points
    keys.press("1")
    keys.press("Control+Enter")
    found = saved(questions, 0)
    assert (found["answer_text"], found["answer_start"]) == (FAMILY, "0")


def a_question_can_be_left_without_an_answer(questions: Any) -> None:
    keys = questions.page.keyboard
    keys.press("j")
    keys.press("Enter")
    expect(questions.page.locator("#marking")).to_be_focused()
    reach(keys, 1, 2)
    keys.press("Delete")
    keys.press("Control+Enter")
    found = saved(questions, 0)
    assert (found["answer_text"], found["answer_start"]) == ("", "")


@pytest.fixture
def relations(opened: Open) -> Any:
    texts = [f"{FAMILY}张三住在{ACCENTED}旁边", *(f"李四 {n} 在北京" for n in range(40))]
    rows = [
        {"text": text, "head_start": 0, "head_end": 1, "tail_start": len(text) - 1,
         "tail_end": len(text), "label": ("lives in", "born in")[n % 2]}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return opened("Relations", rows)


def places(text: str) -> dict[str, str]:
    head, tail = text.index("张三"), text.index(ACCENTED)
    return {
        "head_start": str(head),
        "head_end": str(head + 2),
        "tail_start": str(tail),
        "tail_end": str(tail + len(ACCENTED)),
    }


def test_head_and_tail_are_marked(relations: Any) -> None:
    head_and_tail_are_marked_by_mouse(relations)
    put_back(relations)
    head_and_tail_are_marked_by_keyboard(relations)


def head_and_tail_are_marked_by_mouse(relations: Any) -> None:
    text = f"{FAMILY}张三住在{ACCENTED}旁边"
    change(relations, 0)
    for word, name in (("张三", "Head"), (ACCENTED, "Tail")):
        drag(relations.page, text, word)
        relations.page.locator("#marking-labels button", has_text=name).click()
    relations.page.locator("#editor-label").fill("born in")
    save(relations)
    found = saved(relations, 0)
    assert {role: found[role] for role in places(text)} == places(text)
    assert found["label"] == "born in"


def head_and_tail_are_marked_by_keyboard(relations: Any) -> None:
    text = f"{FAMILY}张三住在{ACCENTED}旁边"
    keys = relations.page.keyboard
    keys.press("j")
    keys.press("Enter")
    expect(relations.page.locator("#marking")).to_be_focused()
    relations.look("rows-relation")
    reach(keys, 1, 2)
    keys.press("1")
    reach(keys, 5, 4)
    keys.press("2")
    keys.press("Control+Enter")
    found = saved(relations, 0)
    assert {role: found[role] for role in places(text)} == places(text)


@pytest.fixture
def colours(opened: Open) -> Any:
    labels = (["红色"], ["红色", "blue"], ["blue"])
    rows = [{"text": f"🎨 colours of number {n}", "label": labels[n % 3]} for n in range(60)]
    return opened("Text classification", rows)


def labels(walk: Any) -> list[str]:
    return list(json.loads(saved(walk, 0)["label"]))


def test_several_labels(colours: Any) -> None:
    several_labels_by_mouse(colours)
    put_back(colours)
    several_labels_by_keyboard(colours)


def several_labels_by_mouse(colours: Any) -> None:
    change(colours, 0)
    colours.look("rows-labels")
    colours.page.get_by_role("checkbox", name="blue").check()
    colours.page.get_by_role("textbox", name="Find or add a label").fill("Cafe\u0301 ☕")
    colours.page.get_by_role("button", name="New label").click()
    save(colours)
    assert labels(colours) == ["红色", "blue", "Cafe\u0301 ☕"]
    change(colours, 1)  # the label that was made is there for the others
    expect(colours.page.get_by_role("checkbox", name="☕")).to_be_visible()


def several_labels_by_keyboard(colours: Any) -> None:
    keys = colours.page.keyboard
    keys.press("j")
    keys.press("Enter")
    find = colours.page.get_by_role("textbox", name="Find or add a label")
    expect(find).to_be_focused()
    keys.type("红")
    keys.press("Enter")  # takes it away
    keys.type("BLU")
    keys.press("Enter")
    keys.type("新的 👩‍👩‍👧‍👦")
    keys.press("Enter")
    expect(colours.page.get_by_role("button", name="New label")).to_be_focused()
    keys.press("Enter")
    expect(find).to_be_focused()
    keys.press("Control+Enter")
    assert labels(colours) == ["blue", "新的 👩‍👩‍👧‍👦"]


TALK = [
    {"role": "user", "content": f"{FAMILY} 你好\r\n在吗"},
    {"role": "assistant", "content": f"{ACCENTED}?"},
]


@pytest.fixture
def talks(opened: Open) -> Any:
    answer = {"role": "assistant", "content": "好"}
    rows = [[{"role": "user", "content": f"问题 {n}"}, answer] for n in range(30)]
    return opened("Dialogue", [{"messages": talk} for talk in [TALK, *rows]])


def said(walk: Any) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in json.loads(saved(walk, 0)["messages"])]


def test_turns(talks: Any) -> None:
    turns_by_mouse(talks)
    put_back(talks)
    turns_by_keyboard(talks)


def turns_by_mouse(talks: Any) -> None:
    """What nobody touches keeps its line breaks."""
    expect(row(talks, 0)).not_to_contain_text("role")
    change(talks, 0)
    talks.look("rows-turns")
    turns = talks.page.locator("#editor [data-turn-list] > li")
    talks.page.get_by_role("button", name="Add a turn").click()
    expect(turns).to_have_count(3)
    expect(turns.nth(2).get_by_role("combobox")).to_have_value("user")
    turns.nth(2).get_by_role("textbox").fill("再见 🫡")
    turns.nth(2).get_by_role("button", name="Move the turn up").click()
    expect(turns.nth(2).get_by_role("button", name="Move the turn down")).to_be_disabled()
    turns.nth(1).get_by_role("combobox").select_option("System")
    save(talks)
    first, last = ((turn["role"], turn["content"]) for turn in TALK)
    assert said(talks) == [first, ("system", "再见 🫡"), last]


def turns_by_keyboard(talks: Any) -> None:
    keys = talks.page.keyboard
    keys.press("j")
    keys.press("Enter")
    texts = talks.page.locator("#editor [data-turn-list] textarea")
    expect(texts.nth(0)).to_be_focused()
    keys.press("Alt+Enter")
    expect(texts.nth(1)).to_be_focused()
    keys.type("答 👍")
    keys.press("Alt+ArrowDown")
    expect(texts.nth(2)).to_be_focused()
    expect(texts.nth(2)).to_have_value("答 👍")
    keys.press("Alt+ArrowUp")
    keys.press("Alt+ArrowUp")
    expect(texts.nth(0)).to_be_focused()
    keys.press("Alt+Delete")
    expect(texts).to_have_count(2)
    keys.press("End")
    keys.type("!")
    keys.press("Control+Enter")
    user, assistant = TALK
    assert said(talks)[1] == (assistant["role"], assistant["content"])
    assert said(talks)[0][0] == user["role"]
    assert said(talks)[0][1].replace("\n", "").endswith("!") or "!" in said(talks)[0][1]
