"""Rows of other kinds than one label a text: what is shown of them, how they are added, and nobody sees JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User, Workspace
from projects.datasets import annotating, checking, services
from projects.datasets.models import DatasetVersion, RowEdit
from projects.services import create_project

from .test_review_page import review_url
from .test_rows_page import post, rows_url, shown

TALK = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "Hello\r\nthere"}]
Made = Callable[..., DatasetVersion]


@pytest.fixture
def made(workspace: Workspace, alice: User, in_process: None, settings: Any) -> Made:
    """A version of these rows: dicts of role and value."""

    def made(task: str, rows: list[dict[str, Any]]) -> DatasetVersion:
        project = create_project(workspace=workspace, user=alice, name=task, task=task)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        file = SimpleUploadedFile("rows.jsonl", lines.encode())
        upload = services.add_upload(project=project, user=alice, file=file)
        columns = {role: role for role in rows[0]}
        job = services.start_import(project=project, user=alice, train=upload, columns=columns)
        checking.execute(job.pk)
        return DatasetVersion.objects.get(source=job)

    return made


@pytest.fixture
def talks(made: Made) -> DatasetVersion:
    rows = [[{"role": "user", "content": f"question {n}"}, TALK[1]] for n in range(30)]
    return made("dialogue", [{"messages": talk} for talk in [TALK, *rows]])


@pytest.fixture
def several(made: Made) -> DatasetVersion:
    labels = (["red"], ["red", "blue"], ["blue"])
    return made(
        "text-classification",
        [{"text": f"colours of number {n}", "label": labels[n % 3]} for n in range(60)],
    )


def visible(page: str) -> str:
    return page.split("<main")[-1].split("<script")[0].replace("&quot;", '"')


def test_a_conversation_is_shown_turn_by_turn(alice_client: Client, talks: DatasetVersion) -> None:
    page = visible(alice_client.get(rows_url(talks)).content.decode())
    assert '<span class="said-who">User</span>' in page
    assert "你好" in page
    assert '"role"' not in page


def test_a_changed_conversation_says_what_stood_there(
    alice_client: Client, talks: DatasetVersion
) -> None:
    fresh = json.dumps([TALK[0], {"role": "assistant", "content": "Good day"}])
    answer = post(alice_client, talks, 0, "set", messages=fresh).json()
    assert "Good day" in answer["html"]
    assert "Assistant: Hello" in answer["html"]
    assert '"role"' not in answer["html"].replace("&quot;", '"')


def test_the_same_conversation_is_no_change(alice_client: Client, talks: DatasetVersion) -> None:
    post(alice_client, talks, 0, "set", messages=json.dumps(TALK, indent=1))
    assert RowEdit.objects.get().values == {}


def test_a_conversation_is_added(alice_client: Client, talks: DatasetVersion) -> None:
    body = {"turn_role": ["user", "assistant"], "turn_content": ["two\r\nlines", "回答"]}
    assert alice_client.post(rows_url(talks, "add/"), body).status_code == 302
    said = json.loads(RowEdit.objects.get().values["messages"])
    assert said == [
        {"role": "user", "content": "two\nlines"},
        {"role": "assistant", "content": "回答"},
    ]
    [(_edit, cells)] = alice_client.get(rows_url(talks)).context["added"]
    assert [turn.content for turn in cells[0].turns] == ["two\nlines", "回答"]


def test_a_conversation_that_cannot_be_added_keeps_its_turns(
    alice_client: Client, talks: DatasetVersion
) -> None:
    body = {"turn_role": ["user", "system"], "turn_content": ["typed", "more"]}
    response = alice_client.post(rows_url(talks, "add/"), body)
    assert response.status_code == 422
    assert [(turn.role, turn.content) for turn in response.context["turns"]] == [
        ("user", "typed"),
        ("system", "more"),
    ]
    page = visible(response.content.decode())
    assert "the assistant never says anything" in page
    assert '"role"' not in page


def test_several_labels_are_found_and_changed(
    alice_client: Client, several: DatasetVersion
) -> None:
    post(alice_client, several, 0, "set", label='["green", "blue"]')
    context = alice_client.get(rows_url(several), {"label": "green"}).context
    assert context["labels"] == ["blue", "red", "green"]
    assert [item.draft.row.row for item in context["rows"]] == [0]
    assert context["rows"][0].cells[1].segments[0].text == "green, blue"
    blue = shown(alice_client.get(rows_url(several), {"label": "blue"}))
    assert blue[:3] == [0, 1, 2]
    assert 0 not in shown(alice_client.get(rows_url(several), {"label": "red"}))


def test_a_row_with_several_labels_is_added(alice_client: Client, several: DatasetVersion) -> None:
    body = {"text": "a new text", "label_chosen": ["red", "new, with a comma"]}
    assert alice_client.post(rows_url(several, "add/"), body).status_code == 302
    assert json.loads(RowEdit.objects.get().values["label"]) == ["red", "new, with a comma"]


def test_label_errors_are_not_looked_for_where_there_are_none(
    alice_client: Client, talks: DatasetVersion
) -> None:
    response = alice_client.get(review_url(talks))
    assert response.context["why"] == "never"
    assert "data of this kind" in response.content.decode()


def test_answers_that_differ_are_told_in_words(
    alice_client: Client, bob: User, several: DatasetVersion
) -> None:
    post(alice_client, several, 0, "set", label='["green"]')
    annotating.save(
        version=several, user=bob, row=0, kind="set", values={"label": '["red", "blue"]'}
    )
    url = rows_url(several, "0/")
    answer = alice_client.get(url, headers={"Accept": "application/json"}).json()
    assert [said["said"] for said in answer["answers"]] == ["green", "red, blue"]


# --- places in a text are typed as marks ---


@pytest.fixture
def named(made: Made) -> DatasetVersion:
    spans = [{"start": 0, "end": 4, "label": "city"}]
    rows = [{"text": f"Rome is number {n}", "entities": spans} for n in range(30)]
    return made("ner", rows)


@pytest.fixture
def related(made: Made) -> DatasetVersion:
    kinds = ("works_for", "knows")
    rows = [{"text": f"<e1>Ann</e1> and <e2>Bo {n}</e2>", "label": kinds[n % 2]} for n in range(40)]
    return made("relation-extraction", rows)


def test_spans_are_typed_as_marks_in_the_text(alice_client: Client, named: DatasetVersion) -> None:
    page = visible(alice_client.get(rows_url(named, "add/")).content.decode())
    assert 'name="entities"' not in page
    assert 'data-after="](city)"' in page
    body = {"text": "👍 [Ann](person) is\r\nin [Rome](city)."}
    assert alice_client.post(rows_url(named, "add/"), body).status_code == 302
    said = RowEdit.objects.get().values
    assert said["text"] == "👍 Ann is\nin Rome."
    assert json.loads(said["entities"]) == [
        {"start": 2, "end": 5, "label": "person"},
        {"start": 12, "end": 16, "label": "city"},
    ]


def test_a_text_without_marks_has_no_entities(alice_client: Client, named: DatasetVersion) -> None:
    alice_client.post(rows_url(named, "add/"), {"text": "Nothing [here] (really)."})
    said = RowEdit.objects.get().values
    assert (said["text"], said["entities"]) == ("Nothing [here] (really).", "[]")


def test_a_relation_is_typed_with_its_marks(alice_client: Client, related: DatasetVersion) -> None:
    page = visible(alice_client.get(rows_url(related, "add/")).content.decode())
    assert "head_start" not in page
    assert "&lt;e1&gt; and &lt;/e1&gt;" in page
    body = {"text": "<e2>张三</e2> met <e1>Bo</e1>", "label": "knows"}
    assert alice_client.post(rows_url(related, "add/"), body).status_code == 302
    said = RowEdit.objects.get().values
    assert said["text"] == "张三 met Bo"
    places = [said[name] for name in ("head_start", "head_end", "tail_start", "tail_end")]
    assert places == ["7", "9", "0", "2"]


def test_a_missing_mark_is_said_with_what_is_needed(
    alice_client: Client, related: DatasetVersion
) -> None:
    body = {"text": "<e1>Ann</e1> met Bo", "label": "knows"}
    response = alice_client.post(rows_url(related, "add/"), body)
    page = visible(response.content.decode())
    assert response.status_code == 422
    assert "&lt;e2&gt; and &lt;/e2&gt; around the other, each once" in page
    assert "&lt;e1&gt;Ann&lt;/e1&gt; met Bo</textarea>" in page


def test_the_place_of_an_answer_is_found_by_itself(alice_client: Client, made: Made) -> None:
    rows = [
        {"context": f"Room {n} is open.", "question": "Which?", "answer_text": str(n)}
        for n in range(30)
    ]
    version = made("question-answering", rows)
    page = visible(alice_client.get(rows_url(version, "add/")).content.decode())
    assert "answer_start" not in page
    body = {"context": "It is in Rome.", "question": "Where?", "answer_text": "Rome"}
    assert alice_client.post(rows_url(version, "add/"), body).status_code == 302
    assert RowEdit.objects.get().values["answer_start"] == "9"


def test_further_references_are_typed(alice_client: Client, made: Made) -> None:
    rows = [{"source": f"a {n}", "target": "b", "references": ["c"]} for n in range(30)]
    version = made("translation", rows)
    page = alice_client.get(rows_url(version).removesuffix("rows/")).content.decode()
    assert "[&quot;c&quot;]" not in page
    assert ">c</bdi>" in page
    body = {"source": "one", "target": "eins", "references": "ein\r\neine"}
    assert alice_client.post(rows_url(version, "add/"), body).status_code == 302
    assert RowEdit.objects.get().values["references"] == '["ein", "eine"]'
