"""Runs a supervisor over the services of a JSON file: what the tests of it start, signal and kill."""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "platform"))

from config import supervisor


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def watch(home: Path, name: str, flag: str) -> supervisor.Check:
    """The service counts as hanging while there is a file of that name."""
    fault = lambda: "It hangs." if (home / flag).exists() else ""  # noqa: E731
    return supervisor.Check((name,), every=0.2, settle=0, fault=fault)


def main() -> None:
    home = Path(sys.argv[1])
    plan = json.loads((home / "plan.json").read_text())
    supervisor.GRACE = plan.get("grace", supervisor.GRACE)
    supervisor.LAST = plan.get("last", supervisor.LAST)
    checks = [watch(home, name, flag) for name, flag in plan.get("checks", {}).items()]
    try:
        with supervisor.sole(home) as lock:
            supervisor.Supervisor(
                services=[supervisor.Service(**service) for service in plan["services"]],
                logs=home / "logs",
                say=say,
                ready=(home / "ready").exists,
                on_ready=lambda: say("ready"),
                checks=checks,
                keep_open=(lock,),
            ).run()
    except supervisor.Taken as taken:
        sys.exit(str(taken))


if __name__ == "__main__":
    main()
