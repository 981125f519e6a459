"""The pages on which new texts are labelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from projects.datasets import services as datasets
from projects.datasets.models import DatasetVersion, Import, RowEdit, Upload
from projects.models import Project
from projects.pools import labelling
from projects.pools.models import Pool, PoolRow
from projects.runs.models import Run

from .conftest import TEXTS, FakeModel, newest


def at(pool: Pool, name: str = "pool") -> str:
    return reverse(name, args=[pool.project.workspace.slug, pool.project_id, pool.pk])


def of_project(project: Project, name: str = "pools", *more: Any) -> str:
    return reverse(name, args=[project.workspace.slug, project.pk, *more])


def said(response: Any) -> str:
    return str(response.content.decode())


def answer(client: Client, pool: Pool, **given: Any) -> Any:
    return client.post(at(pool, "pool-next"), given)


@pytest.fixture
def upload(project: Project, alice: User) -> Upload:
    file = SimpleUploadedFile("new.csv", b"id,message\n1,hello there\n2,where is it\n")
    return datasets.add_upload(project=project, user=alice, file=file)


# --- the list and the file --------------------------------------------------------------------------------------------


def test_the_list_says_what_is_left(alice_client: Client, pool: Pool, alice: User) -> None:
    labelling.answer(pool=pool, user=alice, number=0, values={"label": "refund"})
    page = said(alice_client.get(of_project(pool.project)))
    assert "new.csv" in page
    assert "There is no trained model yet" in page
    assert '<td class="num">4</td><td class="num">1</td>' in page


def test_without_labelled_data_it_says_what_to_do(alice_client: Client, project: Project) -> None:
    page = said(alice_client.get(of_project(project)))
    assert "Upload some rows with labels first" in page
    assert 'type="file"' not in page


def test_a_file_for_a_pool_is_asked_about_its_column(
    alice_client: Client, project: Project, version: DatasetVersion
) -> None:
    file = SimpleUploadedFile("new.csv", TEXTS)
    response = alice_client.post(of_project(project, "upload"), {"file": file, "for": "pool"})
    upload = Upload.objects.get()
    assert response.url == of_project(project, "pool-new", upload.pk)
    page = said(alice_client.get(response.url))
    assert "Which column holds the texts?" in page
    assert "new message 4" in page


def test_the_column_is_guessed_and_the_newest_model_chosen(
    alice_client: Client, version: DatasetVersion, upload: Upload, make_run: Callable[..., Run]
) -> None:
    make_run()
    newer = make_run()
    page = said(alice_client.get(of_project(version.project, "pool-new", upload.pk)))
    assert '<option value="message" selected>' in page
    assert f'<option value="{newer.pk}" selected>Run 2' in page


def test_it_starts_and_the_page_follows(
    alice_client: Client, version: DatasetVersion, upload: Upload, run: Run, work: Any, model: Any
) -> None:
    url = of_project(version.project, "pool-new", upload.pk)
    response = alice_client.post(url, {"column-text": "message", "run": str(run.pk)})
    pool = Pool.objects.get()
    assert response.url == at(pool)
    assert "Waiting for a worker" in said(alice_client.get(at(pool)))
    assert alice_client.get(at(pool, "pool-status")).status_code == 200


def test_a_column_that_there_is_not_is_told_on_the_page(
    alice_client: Client, version: DatasetVersion, upload: Upload
) -> None:
    url = of_project(version.project, "pool-new", upload.pk)
    response = alice_client.post(url, {"column-text": ""})
    assert response.status_code == 422
    assert not Pool.objects.exists()


def test_what_could_not_be_read_is_told(alice_client: Client, add: Callable[..., Pool]) -> None:
    page = said(alice_client.get(at(add(b"text\nold 1\n"))))
    assert "No new text in the file" in page
    assert "1 copies of known texts" in page


# --- the texts --------------------------------------------------------------------------------------------------------


def test_the_most_uncertain_text_with_its_suggestion(alice_client: Client, suggested: Pool) -> None:
    page = said(answer(alice_client, suggested))
    assert "new message 4" in page
    assert "50.0" in page
    assert 'value="refund" data-key="Enter"' in page.replace("\n", " ")
    assert "5 left · 0 labelled" in page


def test_an_answer_brings_the_next_text(
    alice_client: Client, suggested: Pool, version: DatasetVersion
) -> None:
    answer(alice_client, suggested)
    page = said(answer(alice_client, suggested, row=4, label="refund"))
    assert "new message 3" in page
    assert "4 left · 1 labelled" in page
    assert version.edits.get().values["label"] == "refund"


def test_without_a_model_there_are_only_labels(alice_client: Client, pool: Pool) -> None:
    page = said(answer(alice_client, pool))
    assert "new message 0" in page
    assert 'data-key="Enter"' not in page
    assert 'data-key="3"' in page


def test_skip_and_undo(alice_client: Client, pool: Pool) -> None:
    assert "new message 1" in said(answer(alice_client, pool, row=0, kind="skip"))
    page = said(answer(alice_client, pool, kind="undo"))
    assert "5 left · 0 labelled" in page
    assert 'name="row" value="0"' in page
    assert "no answer of yours" in said(answer(alice_client, pool, kind="undo"))


def test_a_taken_text_is_told_and_the_next_one_shown(
    alice_client: Client, bob_client: Client, pool: Pool
) -> None:
    answer(alice_client, pool)
    page = said(answer(bob_client, pool, row=0, label="refund"))
    assert "Somebody else has this text" in page
    assert 'name="row" value="1"' in page
    assert not RowEdit.objects.exists()


def test_at_the_end_what_was_skipped_can_be_taken_up(alice_client: Client, pool: Pool) -> None:
    for number in range(5):
        page = said(answer(alice_client, pool, row=number, kind="skip"))
    assert "Nothing is left for you" in page
    assert "Take up what was skipped" in page
    alice_client.post(at(pool, "pool-resume"))
    assert PoolRow.objects.filter(state="open").count() == 5


def test_a_newer_run_is_offered(
    alice_client: Client, suggested: Pool, make_run: Callable[..., Run], model: FakeModel, work: Any
) -> None:
    assert "is newer" not in said(alice_client.get(at(suggested)))
    newer = make_run()
    assert "Run 2 is newer" in said(alice_client.get(at(suggested)))
    alice_client.post(at(suggested, "pool-suggest"), {"run": str(newer.pk)})
    assert "Run 2 looks at the open texts" in said(alice_client.get(at(suggested)))
    work()
    ended = alice_client.get(at(suggested, "pool-status"))
    assert ended.status_code == 286
    assert ended["HX-Trigger-After-Settle"] == "pool-ended"
    assert newest(suggested).run == newer


def test_a_version_is_made(
    alice_client: Client, pool: Pool, version: DatasetVersion, work: Any
) -> None:
    answer(alice_client, pool, row=0, label="refund")
    response = alice_client.post(at(pool, "pool-commit"), {"note": ""})
    job = Import.objects.get()
    assert response.url == of_project(pool.project, "import", job.pk)
    assert (job.base, job.note) == (version, "New texts labelled")


def test_delete(alice_client: Client, pool: Pool) -> None:
    assert alice_client.post(at(pool, "pool-delete")).url == of_project(pool.project)
    assert not Pool.objects.exists()


def test_a_viewer_sees_how_far_it_is(vera_client: Client, pool: Pool) -> None:
    assert "0 of 5 are done" in said(vera_client.get(at(pool)))
    assert answer(vera_client, pool).status_code == 403


def test_a_stranger_finds_nothing(charlie_client: Client, pool: Pool) -> None:
    assert charlie_client.get(at(pool)).status_code == 404


def test_of_other_kinds_of_data_it_says_that_it_cannot(
    alice_client: Client, version: DatasetVersion
) -> None:
    DatasetVersion.objects.update(variant="multi")
    assert "every text has one label" in said(alice_client.get(of_project(version.project)))
