"""What a run waits for, in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.runs import turns
from projects.runs.models import Run, Status


class QueueSerializer(serializers.Serializer[Any]):
    waits_for = serializers.ChoiceField(
        ("slot", "runs", "minutes"),
        help_text=(
            "`slot`: for a worker that is free; `runs`: for another run of this workspace to end, since the plan "
            "allows no more at the same time; `minutes`: for training minutes of the plan."
        ),
    )
    place = serializers.IntegerField(
        allow_null=True,
        help_text="In the queue for a slot, from 1. The order is fair between workspaces.",
    )
    starts_in = serializers.FloatField(
        allow_null=True, help_text="Seconds, as far as the estimates of the runs before it go."
    )


@extend_schema_field(QueueSerializer(allow_null=True))
class QueueField(serializers.Field[Any, Any, Any, Run]):
    """Null unless the run's status is `waiting` or `queued`. The turns of a cluster are found out once an answer."""

    def __init__(self) -> None:
        text = "What the run waits for; null unless its status is `waiting` or `queued`."
        super().__init__(source="*", read_only=True, help_text=text)

    def to_representation(self, run: Run) -> dict[str, Any] | None:
        if run.status == Status.WAITING:
            return {"waits_for": run.waits_for, "place": None, "starts_in": None}
        if run.status != Status.QUEUED:
            return None
        turn = self._turns(run.cluster).get(run.pk)
        place, starts_in = (turn.place, round(turn.starts_in, 1)) if turn else (None, None)
        return {"waits_for": "slot", "place": place, "starts_in": starts_in}

    def _turns(self, cluster: str) -> dict[Any, turns.Turn]:
        known = self.root.__dict__.setdefault("_turns", {})
        if cluster not in known:
            known[cluster] = {turn.run_id: turn for turn in turns.turns(cluster)}
        found: dict[Any, turns.Turn] = known[cluster]
        return found
