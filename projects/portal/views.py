"""The front door, and the gallery of components for those who build pages."""

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.access import Action, permits
from projects.people import user_of
from projects.portal import counting, public


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everybody goes on to the workspace they have had the longest; strangers sign in, or see what this is."""
    if not request.user.is_authenticated:
        if not settings.PUBLIC:
            return redirect("account_login")
        counting.visit(request, "landing")
        return render(request, "portal/landing.html", public.landing())
    mine = user_of(request).memberships.select_related("workspace").order_by("joined_at")
    first = mine.first()
    if first is None:
        return render(request, "portal/no_workspace.html")
    there = "workspace" if permits(first.role, Action.VIEW) else "workspace-settings"
    return redirect(there, slug=first.workspace.slug)


class SampleForm(forms.Form):
    """Every kind of control, some of them wrong."""

    name = forms.CharField(help_text="Shown in the list of projects.")
    email = forms.EmailField(required=False)
    task = forms.ChoiceField(choices=[("a", "Text classification"), ("b", "Named entities")])
    effort = forms.ChoiceField(
        choices=[("quick", "Quick"), ("balanced", "Balanced")], widget=forms.RadioSelect
    )
    notes = forms.CharField(widget=forms.Textarea, required=False)
    agree = forms.BooleanField(label="Stop early when nothing improves", help_text="Saves time.")
    file = forms.FileField(required=False)


PLACES = [
    {"file": "train.csv", "line": n, "column": "label", "value": value}
    for n, value in ((12, "refund "), (96, "Refund"), (104, "可以退款吗？"), (7, "x" * 200))
]
FINDINGS = [
    {"code": "label.alike", "severity": "amber", "count": 4, "places": PLACES, "values": {}},
    {"code": "row.nul", "severity": "blocking", "count": 1, "places": PLACES[:1], "values": {}},
    {"code": "row.duplicate", "severity": "info", "count": 23, "places": PLACES * 3, "values": {}},
]


@login_not_required
@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """Only with DEBUG; all components on one page, to look at them in both themes and at every width."""
    form = SampleForm({"email": "nobody", "effort": "balanced"}, auto_id="id_%s")
    form.add_error(None, "Something about the whole form.")
    steps = ["Data", "Model and effort", "Review"]
    return render(
        request, "portal/gallery.html", {"form": form, "steps": steps, "findings": FINDINGS}
    )
