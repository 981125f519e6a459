"""How long people wait: from the click to the first step, for a stop in each stage, from a kill to being at work again.

    .venv/bin/python -m tests.faults.measure

The queue, its supervisor and the launcher are those of a site, and so is the trainer, with the built-in base model on
some rows, and for the click with a tiny one too. Failpoints make every stage last a few seconds, so that a stop can
meet it; for the kills they slow the steps alone, which adds nothing to what is measured. Prints figures in seconds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.faults.soak import prepare

STAY = 5.0  # seconds in each stage, as soon as it is told
STAGES = ("reading", "preparing", "baselines", "training", "testing", "saving")
ARMED = [f"said.stage:{name}=wait:{STAY}" for name in STAGES]
STEPS = "said.step=wait:0.5"
ARMED += [f"said.verified=wait:{STAY}", STEPS]
TIMES = 3
PATIENCE = 600.0
ROWS = 200


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="attune-measure-") as home:
        prepare(Path(home))
        figures = measure(Path(home))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(home: Path) -> dict[str, Any]:
    from tests.faults.measuring import Site

    plain, figures = Site(home), {}
    plain.serve()
    plain.warm()
    for name, base in {"": "minilm-l6", "_of_a_tiny_model": plain.tiny()}.items():
        seconds = [plain.click(base) for _time in range(TIMES)]
        figures[f"click_to_first_step{name}"] = told(base, seconds)
    plain.end()
    slow = Site(home, ATTUNE_FAILPOINTS=" ".join(ARMED))
    slow.serve()
    slow.warm()
    stages = ("queued", "starting", *STAGES, "verifying")
    figures["stop"] = {stage: told(stage, slow.stop_in(stage)) for stage in stages}
    slow.end()
    steady = Site(home, ATTUNE_FAILPOINTS=STEPS)
    steady.serve()
    steady.warm()
    killed = ("trainer", "worker")
    figures["kill_to_at_work"] = {what: told(what, steady.kill(what)) for what in killed}
    steady.end()
    return figures


def told(what: str, figure: Any) -> Any:
    """Each figure as it comes: all of them take minutes."""
    sys.stderr.write(f"{what}: {figure}\n")
    return figure


if __name__ == "__main__":
    sys.exit(main())
