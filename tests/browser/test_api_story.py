"""The curl commands of docs/api.md do what the page says, as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "projects/datasets/samples/support_tickets.csv"
TOKEN = """
from accounts.models import User
from accounts.services import create_token
user = User.objects.create_user("api@example.org", "correct horse battery")
print(create_token(workspace=user.workspaces.get(), user=user, name="docs")[1])
"""


@pytest.fixture(scope="module")
def token(stack: Any) -> str:
    answer = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", TOKEN],
        cwd=ROOT,
        env={**os.environ, "ATTUNE_HOME": str(stack.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()[-1]


def test_a_file_goes_up_in_pieces_as_the_page_says(stack: Any, token: str) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    (helpers,) = re.findall(r"^api\(\) .*\nfield\(\) .*\n", page, re.MULTILINE)
    (project,) = re.findall(r"^PROJECT=.*\n", page, re.MULTILINE)
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", helpers + project + commands],
        cwd=ROOT,
        env={
            **os.environ,
            "URL": f"{stack.url}/api/v1",
            "TOKEN": token,
            "FILE": SAMPLE,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert json.loads(answer.stdout)["upload"]["name"] == "tickets.csv"


def smaller(path: Path) -> Path:
    """The sample that the page sends, every third row of it: training takes a third of the time."""
    header, *rows = (ROOT / SAMPLE).read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([header, *rows[::3]]), encoding="utf-8")
    return path


def test_the_commands_of_the_page_work(stack: Any, token: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env={
            **os.environ,
            "URL": f"{stack.url}/api/v1",
            "TOKEN": token,
            "FILE": str(smaller(tmp_path / "tickets.csv")),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "succeeded" in answer.stdout
    assert "invoice_question" in answer.stdout.splitlines()[-1]
    assert "predict.py" in " ".join(zipfile.ZipFile(tmp_path / "artifact.zip").namelist())
