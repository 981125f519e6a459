"""Plans as data: one table of limits and features, versions, overrides, trials; the words of money."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override as language

from accounts import audit
from accounts.models import AuditEntry, User, Workspace
from billing import money, overriding, services, trials, versions
from billing.limits import FEATURES, LIMITS, METERED
from billing.models import Override, Plan, Subscription
from billing.selectors import current_plans, offered
from notify.models import News
from training.problems import TABLE, Problem

DECLARED = [*LIMITS.values(), *FEATURES.values()]


@pytest.mark.parametrize("one", DECLARED, ids=lambda one: one.name)
def test_each_limit_and_feature_has_words_and_a_check(one: Any) -> None:
    module, _colon, name = one.check.partition(":")
    assert callable(getattr(import_module(module), name))
    assert str(one.label).strip()
    assert str(one.help).strip().endswith(".")


@pytest.mark.parametrize("limit", LIMITS.values(), ids=lambda one: one.name)
def test_each_limit_is_a_column_and_its_refusal_has_words(limit: Any) -> None:
    assert Plan._meta.get_field(limit.field)
    assert not limit.problem or limit.problem in TABLE


def test_no_limit_of_a_plan_is_missing_in_the_table() -> None:
    fields = {field.name for field in Plan._meta.fields}
    limits = {name for name in fields if name.startswith("max_")} | {"share", "keep_models_days"}
    assert limits | {"request_log_days"} == {limit.field for limit in LIMITS.values()}
    assert {name for name in fields if re.match(r"price_(?!monthly|yearly)", name)} == {
        one.price for one in METERED.values()
    }


def test_terms_of_a_plan_in_use_stay(workspace: Workspace) -> None:
    plan = services.plan_of(workspace)
    plan.public = True  # whether it is offered is no promise
    plan.save()
    plan.price_monthly = 1
    with pytest.raises(TypeError, match="price_monthly stay"):
        plan.save()


def test_the_next_version_is_offered_and_whoever_has_the_old_one_keeps_it(
    workspace: Workspace,
) -> None:
    team = Plan.objects.get(slug="team")
    services.put_on(workspace=workspace, plan=team)
    team.refresh_from_db()
    team.price_monthly = 19_900
    made = versions.save(team)
    assert (made.slug, made.version, services.plan_of(workspace).pk) == ("team-v2", 2, "team")
    assert [plan.pk for plan in current_plans()] == ["free", "starter", "team-v2", "enterprise"]
    assert versions.move_subscribers("team") == 1
    assert services.plan_of(workspace) == made
    assert AuditEntry.objects.filter(workspace=workspace, verb="plan.changed").exists()


def test_an_installation_of_ones_own_offers_nothing(workspace: Workspace) -> None:
    assert offered(workspace) == []
    services.put_on(workspace=workspace, plan=Plan.objects.get(slug="free"))
    assert [plan.pk for plan in offered(workspace)] == ["free", "starter", "team", "enterprise"]
    services.make_default(plan=Plan.objects.get(slug="free"))
    assert len(offered()) == 4


def test_an_override_counts_until_it_expires(workspace: Workspace) -> None:
    services.put_on(workspace=workspace, plan=Plan.objects.get(slug="free"))
    agreed: dict[str, Any] = {"workspace": workspace, "reason": "a pilot"}
    overriding.override(name="projects", value=9, **agreed)
    overriding.override(name="rows", value=None, **agreed)
    overriding.override(name="search", value=1, **agreed)
    limits = services.limits_of(workspace)
    assert (limits["projects"], limits["rows"], "search" in limits.features) == (9, None, True)
    assert services.limits_of_many([workspace.pk])[workspace.pk].values == limits.values
    Override.objects.update(expires_at=timezone.now())
    limits = services.limits_of(workspace)
    assert (limits["projects"], limits["rows"], "search" in limits.features) == (3, 10_000, False)
    with pytest.raises(ValueError, match="no limit"):
        overriding.override(name="max_projects", value=1, **agreed)


def test_a_trial_begins_is_told_of_and_ends(workspace: Workspace) -> None:
    team = Plan.objects.get(slug="team")
    services.put_on(workspace=workspace, plan=Plan.objects.get(slug="free"))
    trials.start(workspace=workspace, plan=team, days=14)
    assert services.plan_of(workspace) == team
    trials.sweep()
    assert not News.objects.exists()
    Subscription.objects.update(trial_ends_at=timezone.now() + timedelta(days=2))
    trials.sweep()
    trials.sweep()
    assert News.objects.get().kind == "trial.ending"
    Subscription.objects.update(trial_ends_at=timezone.now())
    assert services.plan_of(workspace).pk == "free"
    trials.sweep()
    assert News.objects.filter(kind="trial.ended").count() == 1
    with pytest.raises(Problem) as caught:
        trials.start(workspace=workspace, plan=team, days=14)
    assert caught.value.code == "plan.trial"


def test_a_feature_that_is_lacking_is_offered(workspace: Workspace) -> None:
    services.put_on(workspace=workspace, plan=Plan.objects.get(slug="free"))
    with pytest.raises(Problem) as caught:
        services.check_feature(workspace, "search")
    assert caught.value.values["offer_plan"] == "starter"
    assert caught.value.values["offer"] == (
        "The plan Starter allows it, at $29.00 a month. alice@example.org can change that."
    )
    assert caught.value.values["offer_url"] == f"/w/{workspace.slug}/billing/#offers"


def test_whoever_may_change_the_plan_is_told_so(workspace: Workspace, alice: User) -> None:
    services.put_on(workspace=workspace, plan=Plan.objects.get(slug="free"))
    asking = audit.current.set(SimpleNamespace(user=alice))
    with pytest.raises(Problem) as caught:
        services.check_feature(workspace, "search")
    audit.current.reset(asking)
    assert str(caught.value.values["offer"]).endswith("month. You can change that.")


def test_money_is_rounded_half_up_and_written_as_the_reader_writes_it() -> None:
    assert [money.rounded(Decimal(one)) for one in ("0.5", "1.5", "-0.5", "2.4999")] == [
        1,
        2,
        -1,
        2,
    ]
    assert (money.share(999, 50), money.minor("29.00", "USD"), money.minor("29", "JPY")) == (
        500, 2900, 29,
    )  # fmt: skip
    assert (money.format_money(2900, "USD"), money.format_money(29, "JPY")) == ("$29.00", "¥29")
    assert money.format_price(Decimal("0.2500"), "USD") == "$0.0025"
    with language("zh-hans"):
        assert money.format_money(290_000, "CNY") == "¥2,900.00"
