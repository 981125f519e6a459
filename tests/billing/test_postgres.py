"""What is said of money holds on PostgreSQL as well, where two writers really meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.on_postgres import HINT, SERVER, passes

FILES = ("ledger", "services", "invoices", "stripe", "money_agrees")


@pytest.mark.skipif(not SERVER, reason=HINT)
def test_the_same_holds_on_postgresql() -> None:
    passes("money", [Path(__file__).parent / f"test_{name}.py" for name in FILES])
