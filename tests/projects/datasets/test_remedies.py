"""What can be done about findings: offers, the confirmation, and the new version that a remedy makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.datasets import checking, diagnosis, remedies, selectors
from projects.datasets.models import DatasetVersion, HealthReport, Import, Upload
from projects.datasets.selectors import version_file
from training import version as versions
from training.problems import TABLE

from .conftest import table
from .test_health import url


def add_deep(version: DatasetVersion, **found: list[int]) -> None:
    """Findings as the close look would have them: name -> rows."""
    path = version_file(version)
    named = {name.replace("__", ":").replace("_", "."): rows for name, rows in found.items()}
    versions.write_flags(path, {**versions.read_flags(path), **named})
    findings = [
        {
            "code": name.partition(":")[0],
            "severity": "amber",
            "count": len(rows),
            "values": {"kind": name.partition(":")[2]},
            "places": [],
        }
        for name, rows in named.items()
    ]
    HealthReport.objects.filter(version=version).update(findings=findings, status="ready")


def mended(client: Client, version: DatasetVersion, *wanted: str) -> DatasetVersion:
    """The version that the remedies made."""
    response = client.post(url(version, "mend/"), {"mend": wanted})
    assert response.status_code == 302, response.content.decode()
    job = Import.objects.get(pk=response["Location"].split("/")[-2])
    checking.execute(job.pk)
    return DatasetVersion.objects.get(source=job)


def texts(version: DatasetVersion, split: str = "") -> list[str]:
    return [row.values["text"] for row in versions.read(version_file(version), split)]


def codes(version: DatasetVersion) -> set[str]:
    return {diagnosis.name_of(finding) for finding in version.findings}


# --- the table ------------------------------------------------------------------------------------------------------


def test_every_remedy_is_for_a_finding_that_there_is() -> None:
    assert set(remedies.REMEDIES) <= set(TABLE)
    assert set(remedies.REVIEWED) <= set(TABLE)
    for found in remedies.REMEDIES.values():
        assert len({remedy.name for remedy in found}) == len(found)


def test_offers_tell_how_many_rows(faulty: DatasetVersion) -> None:
    patient = remedies.patient_of(faulty)
    found = {
        offer.id: offer.rows for name in codes(faulty) for offer in remedies.offers(patient, name)
    }
    assert found["row.duplicate/drop"] == 2
    assert found["label.contradictory/drop"] == 2
    assert found["leak.exact:test-train/drop"] == 1
    assert found["leak.exact:test-train/move"] == 1
    assert found["leak.exact:test-train/drop-train"] == 1
    assert found["label.alike/merge"] == 1
    assert "split.shares" not in {name.partition("/")[0] for name in found}


def test_nothing_is_offered_where_it_is_not_known_which_rows(faulty: DatasetVersion) -> None:
    versions.flags_path(version_file(faulty)).unlink()
    patient = remedies.patient_of(faulty)
    assert remedies.offers(patient, "row.duplicate") == ()
    assert remedies.offers(patient, "label.alike")  # labels are told by their names


def test_what_leaks_from_test_to_validation_is_not_moved_to_training() -> None:
    patient = remedies.Patient(DatasetVersion(), {"leak.near:test-valid": 3}, True)
    assert [offer.remedy.name for offer in remedies.offers(patient, "leak.near:test-valid")] == [
        "drop"
    ]


def test_the_copies_of_a_leak_can_be_left_out_on_its_other_side() -> None:
    rows = {"leak.near:test-train": 3, "leak.near:train-test": 5, "leak.exact:test-valid": 2}
    patient = remedies.Patient(DatasetVersion(), rows | {"leak.exact:valid-test": 1}, True)
    found = remedies.offers(patient, "leak.near:test-train")
    assert [(offer.remedy.name, offer.rows) for offer in found] == [
        ("drop-train", 5),
        ("drop", 3),
        ("move", 3),
    ]
    found = remedies.offers(patient, "leak.exact:test-valid")
    assert [(offer.remedy.name, offer.rows) for offer in found] == [("drop-valid", 1), ("drop", 2)]


def test_masking_is_not_offered_where_marks_count_characters() -> None:
    rows = {"text.personal:email": 3}
    assert remedies.offers(remedies.Patient(DatasetVersion(), rows, True), "text.personal:email")
    patient = remedies.Patient(DatasetVersion(), rows, False)
    assert remedies.offers(patient, "text.personal:email") == ()


def test_labels_are_merged_into_the_most_frequent() -> None:
    labels = {"Pos": {"train": 3}, "pos": {"train": 9}, "POS ": {"test": 1}, "neg": {"train": 2}}
    assert remedies.merges(DatasetVersion(labels=labels)) == [("pos", ["Pos", "POS "])]


# --- the confirmation -----------------------------------------------------------------------------------------------


def test_it_says_what_will_happen_and_changes_nothing(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    wanted = {"mend": ["row.duplicate/drop", "leak.exact:test-train/move"]}
    page = alice_client.get(url(faulty, "mend/"), wanted).content.decode()
    assert "Keep the first, leave out the rest" in page
    assert "Move to training" in page
    assert "1 of the rows is a test row" in page
    assert "Version 1 stays as it is" in page
    assert Import.objects.count() == 1


def test_of_labels_that_are_merged_only_those_that_go_change_rows(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    wanted = {"mend": "label.alike/merge"}
    assert b"test row" not in alice_client.get(url(faulty, "mend/"), wanted).content
    labels = {**faulty.labels, "REFUND": {"train": 1, "test": 2}}
    DatasetVersion.objects.update(labels=labels)
    assert b"2 of the rows are test rows" in alice_client.get(url(faulty, "mend/"), wanted).content


def test_in_the_dialog_it_is_a_fragment(alice_client: Client, faulty: DatasetVersion) -> None:
    wanted = {"mend": "row.duplicate/drop"}
    page = alice_client.get(url(faulty, "mend/"), wanted, headers={"HX-Request": "true"})
    assert b"<html" not in page.content
    assert b"data-dialog-close" in page.content


@pytest.mark.parametrize(
    "wanted", [[], ["row.duplicate/explode"], ["no.such/drop"], ["split.shares:test/drop"]]
)
def test_what_cannot_be_done_is_refused(
    alice_client: Client, faulty: DatasetVersion, wanted: list[str]
) -> None:
    for ask in (alice_client.get, alice_client.post):
        response = ask(url(faulty, "mend/"), {"mend": wanted})
        assert response.status_code == 422
        assert b"Nothing to mend" in response.content
    assert Import.objects.count() == 1


# --- the new version ------------------------------------------------------------------------------------------------


def test_copies_are_left_out_and_the_first_stays(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    before = version_file(faulty).read_bytes()
    new = mended(alice_client, faulty, "row.duplicate/drop")
    assert (new.number, new.parent, new.rows) == (2, faulty, faulty.rows - 2)
    assert texts(new).count("message number 4 about a parcel") == 1
    assert version_file(faulty).read_bytes() == before
    assert new.source
    assert new.source.note == "Copies left out"


def test_what_leaks_is_left_out_or_moved(alice_client: Client, faulty: DatasetVersion) -> None:
    leak = "message number 3 about a parcel"
    dropped = mended(alice_client, faulty, "leak.exact:test-train/drop")
    assert leak not in texts(dropped, "test")
    assert "leak.exact:test-train" not in codes(dropped)
    moved = mended(alice_client, faulty, "leak.exact:test-train/move")
    assert (texts(moved).count(leak), leak in texts(moved, "test")) == (2, False)
    assert moved.test_hash != faulty.test_hash


def test_what_leaks_is_left_out_of_training_and_the_test_rows_stay_locked(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    leak = "message number 3 about a parcel"
    wanted = "leak.exact:test-train/drop-train"
    assert b"test row" not in alice_client.get(url(faulty, "mend/"), {"mend": wanted}).content
    new = mended(alice_client, faulty, wanted)
    assert (leak in texts(new, "train"), leak in texts(new, "test")) == (False, True)
    assert new.test_hash == faulty.test_hash
    assert new.rows == faulty.rows - 1
    assert "leak.exact:test-train" not in codes(new)


def test_labels_that_look_alike_are_merged(alice_client: Client, faulty: DatasetVersion) -> None:
    new = mended(alice_client, faulty, "label.alike/merge")
    assert "REFUND" not in new.labels
    assert "label.alike" not in codes(new)


def test_contradictions_and_rare_labels_are_left_out(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    new = mended(alice_client, faulty, "label.contradictory/drop", "label.single/drop")
    assert "rare" not in new.labels
    assert "message number 5 about a parcel" not in texts(new)


def test_personal_data_is_masked(
    alice_client: Client, start: Callable[..., Import], add: Callable[..., Upload], in_process: None
) -> None:
    job = start(train=add(table() + b"write to anna@example.org please,billing\n"))
    checking.execute(job.pk)
    version = DatasetVersion.objects.get(source=job)
    add_deep(version, text_personal__email=[60])
    new = mended(alice_client, version, "text.personal:email/mask")
    assert "write to [email] please" in texts(new)
    assert new.rows == version.rows


def test_doubtful_and_nearly_equal_rows_are_left_out(
    alice_client: Client, version: DatasetVersion
) -> None:
    add_deep(version, label_suspect=[7, 8], row_near=[8, 9])
    new = mended(alice_client, version, "label.suspect/drop", "row.near/drop")
    assert new.rows == version.rows - 3


def test_several_at_once_make_one_version(alice_client: Client, faulty: DatasetVersion) -> None:
    wanted = [
        "row.duplicate/drop",
        "label.alike/merge",
        "leak.exact:test-train/drop",
        "label.single/drop",
    ]
    new = mended(alice_client, faulty, *wanted)
    assert new.number == 2
    assert not codes(new) & {"row.duplicate", "label.alike", "leak.exact:test-train"}
    assert new.source
    assert new.source.note.count(" · ") == 3


def test_a_double_click_makes_one_version(alice_client: Client, faulty: DatasetVersion) -> None:
    for _click in range(2):
        alice_client.post(url(faulty, "mend/"), {"mend": "row.duplicate/drop"})
    assert Import.objects.count() == 2


# --- ignoring -------------------------------------------------------------------------------------------------------


def ignore(client: Client, version: DatasetVersion, name: str, ignored: str = "yes") -> Any:
    return client.post(url(version, "ignore/"), {"finding": name, "ignored": ignored})


def test_what_is_ignored_does_not_count_and_says_so(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    for name in codes(faulty):
        assert ignore(alice_client, faulty, name).status_code == 302
    response = alice_client.get(url(faulty))
    found = response.context["diagnosis"]
    assert (found.gate, found.ignored) == ("green", len(codes(faulty)))
    page = response.content.decode()
    assert "findings are ignored and do not count" in page
    assert "Ignored by alice@example.org" in page
    assert "Mend what is ticked" not in page
    faulty.refresh_from_db()
    assert faulty.gate == "red"


def test_it_is_kept_once_with_who_and_when_and_can_be_taken_back(
    alice_client: Client, bob_client: Client, faulty: DatasetVersion
) -> None:
    for client in (alice_client, bob_client):
        ignore(client, faulty, "row.duplicate")
    (kept,) = HealthReport.objects.get(version=faulty).ignored
    assert (kept["name"], kept["by"]) == ("row.duplicate", "alice@example.org")
    assert kept["at"]
    ignore(alice_client, faulty, "row.duplicate", "no")
    assert HealthReport.objects.get(version=faulty).ignored == []


def test_a_finding_that_there_is_not_cannot_be_ignored(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    assert ignore(alice_client, faulty, "no.such").status_code == 422
    assert HealthReport.objects.get(version=faulty).ignored == []


def test_what_blocks_training_cannot_be_ignored(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    blocking = {"code": "label.classes", "severity": "blocking", "count": 1, "values": {"found": 1}}
    DatasetVersion.objects.update(findings=[*faulty.findings, {**blocking, "places": []}])
    response = ignore(alice_client, faulty, "label.classes")
    assert response.status_code == 422
    assert b"This cannot be ignored" in response.content
    # However it came to be among what is ignored.
    HealthReport.objects.update(ignored=[{"name": "label.classes", "by": "a", "at": "2026-01-01"}])
    assert alice_client.get(url(faulty)).context["diagnosis"].gate == "blocked"


def test_the_project_and_the_version_show_the_gate_without_what_is_ignored(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    page = url(faulty).partition("versions/")[0]
    for path in (page, url(faulty).replace("health/", "")):
        assert b"Serious findings" in alice_client.get(path).content
    for name in codes(faulty):
        ignore(alice_client, faulty, name)
    for path in (page, url(faulty).replace("health/", "")):
        assert b"Serious findings" not in alice_client.get(path).content


# --- undo -----------------------------------------------------------------------------------------------------------


def restore(client: Client, version: DatasetVersion) -> DatasetVersion:
    response = client.post(url(version).replace("/health/", "/restore/"))
    job = Import.objects.get(pk=response["Location"].split("/")[-2])
    checking.execute(job.pk)
    return DatasetVersion.objects.get(source=job)


def test_going_back_makes_the_old_rows_the_newest_version(
    alice_client: Client, faulty: DatasetVersion
) -> None:
    second = mended(alice_client, faulty, "row.duplicate/drop")
    third = restore(alice_client, faulty)
    assert (third.number, third.parent) == (3, faulty)
    assert texts(third) == texts(faulty)
    assert third.splits == faulty.splits
    assert third.test_hash == faulty.test_hash
    assert selectors.versions_in(faulty.project).first() == third
    assert DatasetVersion.objects.filter(pk=second.pk).exists()


def test_the_history_tells_what_was_done(alice_client: Client, faulty: DatasetVersion) -> None:
    mended(alice_client, faulty, "row.duplicate/drop")
    restore(alice_client, faulty)
    response = alice_client.get(url(faulty).replace("health/", ""))
    told = [(past.version.number, past.note, past.more) for past in response.context["history"]]
    assert told == [
        (3, "Back to version 1", 0),
        (2, "Copies left out", -2),
        (1, "tickets.csv", None),
    ]
    page = response.content.decode()
    assert page.count("Go back to this version") == 2
    assert "−2" in page


def test_only_editors_go_back(
    charlie_client: Client, vera_client: Client, version: DatasetVersion
) -> None:
    path = url(version).replace("/health/", "/restore/")
    assert charlie_client.post(path).status_code == 404
    assert vera_client.post(path).status_code == 403
    assert b"Go back to this" not in vera_client.get(url(version).replace("health/", "")).content
