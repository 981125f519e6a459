"""What a run costs, in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.runs import costs
from projects.runs.models import Run


class PlanCostSerializer(serializers.Serializer[Any]):
    meter = serializers.ChoiceField(
        ("minutes", "gpu_minutes"), help_text="The limit of the plan from which it is taken."
    )
    minutes = serializers.IntegerField(help_text="That are held while it runs.")
    limit = serializers.IntegerField(allow_null=True, help_text="This month; null: unlimited.")
    left = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(help_text="The same in words.")


class CostSerializer(serializers.Serializer[Any]):
    meter = serializers.ChoiceField(("training_seconds", "gpu_seconds"))
    held = serializers.IntegerField(help_text="Seconds that it holds until it ends.")
    used = serializers.FloatField(help_text="Seconds that were measured.")
    refunded = serializers.FloatField(help_text="Seconds of them that cost nothing.")
    reason = serializers.CharField(
        help_text="Of the refund: `ours`, it failed on our side; `untrained`, it never trained; else empty."
    )
    cost = serializers.IntegerField(help_text="Of what lies beyond the plan, in minor units.")
    currency = serializers.CharField()


@extend_schema_field(CostSerializer(allow_null=True))
class CostField(serializers.Field[Any, Any, Any, Run]):
    """Null where nothing was held or used. All runs of an answer are looked up at once."""

    def __init__(self) -> None:
        text = "What the run holds or has cost; null where nothing was held or used."
        super().__init__(source="*", read_only=True, help_text=text)

    def to_representation(self, run: Run) -> dict[str, Any] | None:
        known = self.root.__dict__
        if "_costs" not in known:
            given = self.root.instance
            known["_costs"] = costs.receipts(list(given) if isinstance(given, list) else [run])
        found = known["_costs"].get(run.pk)
        return dict(CostSerializer(found).data) if found else None
