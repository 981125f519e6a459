"""What the wizard asks for. Its state travels in the query string from step to step, so that every step is a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.runs import planning
from projects.runs.names import GROUPS, setting_title, setting_value
from projects.selectors import task_of
from training import catalogue, clashes
from training.budget import BUDGET, KEYS, MINUTES, PARALLEL, TRIALS
from training.budget import check as check_budget
from training.options import OPTIONS, Option
from training.problems import Problem
from training.spec import Spec, check_setting, check_settings
from training.tasks.text_matching import FEW
from web.errors import words

STEPS = ("data", "model", "review")
SETTING = "set-"  # before the name of a setting's field
SEARCH = "search-"  # before the name of a part of the search
SEED = 13
PROMPT = 4000  # characters of a prompt
# How two texts are read, said to somebody who has never heard of encoders.
READ_AS_USUAL = gettext_lazy(
    "The usual choice. Each by itself with fewer than %(few)s training rows of two labels and a base that was made to "
    "compare texts, which then understands more; together for all else."
)
READ_TOGETHER = gettext_lazy(
    "For judging pairs: each word of the one text is weighed against the words of the other, which small differences "
    "(a “not”, another number) need. To search a list, every text of it is read anew: some hundreds at most."
)
READ_ALONE = gettext_lazy(
    "For finding a text in a long list, such as the right answer among thousands: each text of the list is read once, "
    "and kept. Needs two labels, or a score."
)


@dataclass(frozen=True)
class Choice:
    """What was chosen so far; `settings` are texts as typed."""

    step: str
    version: DatasetVersion | None
    base: str
    effort: str
    seed: str = str(SEED)
    settings: Mapping[str, str] = field(default_factory=dict)
    prompt: str = ""
    system: str = ""
    search: Mapping[str, str] = field(default_factory=dict)  # as typed
    confirmed: bool = False

    def query(self, step: str) -> str:
        """The address of a step with all that was chosen."""
        return "?" + urlencode({"step": step, **self.fields()})

    def fields(self) -> dict[str, str]:
        """All but the step, as hidden fields carry it."""
        given = {
            "version": str(self.version.pk) if self.version else "",
            "base": self.base,
            "effort": self.effort,
            "seed": self.seed,
            "prompt": self.prompt,
            "system": self.system,
            "confirmed": "yes" if self.confirmed else "",
            **{SETTING + name: value for name, value in self.settings.items()},
            **{SEARCH + name: value for name, value in self.search.items()},
        }
        return {name: value for name, value in given.items() if value}

    def at(self, step: str) -> Choice:
        return replace(self, step=step)

    def spec(self, project: Project) -> Spec:
        """Raises Problem(`spec.*`)."""
        return planning.spec(
            project,
            base=self.base,
            effort=self.effort,
            seed=whole(self.seed),
            settings=self.settings,
            prompt=self.prompt,
            system=self.system,
            search=self.search,
        )


def read_choice(
    data: Mapping[str, Any], project: Project, versions: list[DatasetVersion]
) -> Choice:
    """What is missing gets its default; what makes no sense is found when it is used."""
    chosen = str(data.get("version") or "")
    version = next((v for v in versions if str(v.pk) == _uuid(chosen)), None)
    if not chosen:
        version = versions[0] if versions else None
    settings = {name: str(data.get(SETTING + name) or "").strip()[:40] for name in OPTIONS}
    step = str(data.get("step") or "")
    return Choice(
        step=step if step in STEPS else STEPS[0],
        version=version,
        base=str(data.get("base") or default_base(project.task, version))[:60],
        effort=str(data.get("effort") or "balanced")[:20],
        seed=str(data.get("seed") or SEED)[:20],
        settings={name: value for name, value in settings.items() if value},
        prompt=_lines(data.get("prompt")),
        system=_lines(data.get("system")),
        search=searched(data),
        confirmed=data.get("confirmed") == "yes",
    )


def searched(data: Mapping[str, Any]) -> dict[str, str]:
    """The budget of a search as typed, and what travels with it from a run that is trained again."""
    found = {name: str(data.get(SEARCH + name) or "").strip()[:400] for name in KEYS}
    if not any(found[name] for name in BUDGET):  # of what is not searched nothing runs at once
        found["parallel"] = ""
    return {name: value for name, value in found.items() if value}


def _lines(value: Any) -> str:
    """A text of several lines as a browser sends it, with plain line ends."""
    return str(value or "").replace("\r\n", "\n").strip()[:PROMPT]


def default_base(task: str, version: DatasetVersion | None = None) -> str:
    """The usual one, where it can be chosen for this data; else the first that can."""
    usual = catalogue.default_for(task, version.variant if version else "")
    offered = [choice.base.id for choice in planning.choices(task, version) if choice.available]
    return usual if usual in offered or not offered else offered[0]


def whole(text: str) -> Any:
    """The number, or the text as it is: the check of the spec then names it."""
    return int(text) if text.isascii() and text.isdigit() else text


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


class AdvancedForm(forms.Form):
    """A field for every setting of a run, made from the one table of them; empty means: chosen automatically."""

    def __init__(self, choice: Choice) -> None:
        data = {SETTING + name: value for name, value in choice.settings.items()}
        super().__init__({**data, "seed": choice.seed})
        self.head = head = planning.head_of(choice.version)
        scores = scores_of(choice.version)
        for option in (one.of(head) for one in OPTIONS.values() if one.fits(head)):
            if option.name == "stop_metric" and scores:
                option = replace(option, choices=("auto", "loss", *scores))
            if option.name == "augmentation" and not planning.translates_back():
                able = tuple(one for one in option.choices if one != "back_translation")
                option = replace(option, choices=able)
            self.fields[SETTING + option.name] = _field(option)
        for name in ("devices", "sharding") if planning.devices_here() == 1 else ():
            if one := self.fields.get(SETTING + name):
                one.disabled, one.help_text = True, _("This machine has one device to train on.")
        bits = self.fields.get(SETTING + "quantize")
        if bits and (reason := planning.unquantized()):
            bits.disabled, bits.help_text = True, f"{bits.help_text} {_(reason)}"
        self.fields["seed"] = forms.CharField(
            label=_("Seed"),
            help_text=_("The same seed with the same data and settings gives the same result."),
            widget=forms.TextInput({"inputmode": "numeric", "class": "input"}),
        )

    def clean(self) -> dict[str, Any]:
        for name, value in list(self.cleaned_data.items()):
            if not name.startswith(SETTING) or value in ("", None):
                continue
            try:
                check_setting(name.removeprefix(SETTING), value)
            except Problem as problem:
                named = problem.values | {"field": self.fields[name].label}
                self.add_error(name, words(problem.code, named)["expected"])
        if not self.errors:
            self._clean_together()
        return self.cleaned_data

    def _clean_together(self) -> None:
        given = {
            name.removeprefix(SETTING): value
            for name, value in self.cleaned_data.items()
            if name.startswith(SETTING)
        }
        try:
            clashes.check(self.head, check_settings(given))
        except Problem as problem:
            shown: dict[str, Any] = {
                name: self.fields[SETTING + str(problem.values[name])].label
                for name in ("field", "other")
                if name in problem.values
            }
            named: dict[str, Any] = {**problem.values, **shown}
            self.add_error(
                SETTING + problem.values["field"], words(problem.code, named)["expected"]
            )

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        bound = {field.name.removeprefix(SETTING): field for field in self}
        found = [
            (_(title), [bound[name] for name in names if name in bound]) for title, names in GROUPS
        ]
        return [(title, fields) for title, fields in found if fields]

    def changed(self) -> bool:
        """Something here is not as it comes."""
        return any(self.data.get(name) for name in self.fields if name != "seed") or (
            self.data["seed"] != str(SEED)
        )


class SearchForm(forms.Form):
    """The budget of a search; without trials and minutes there is none."""

    trials = forms.CharField(required=False)
    minutes = forms.CharField(required=False)
    parallel = forms.CharField(required=False)

    def __init__(self, choice: Choice) -> None:
        super().__init__(
            {SEARCH + name: value for name, value in choice.search.items()}, prefix="search"
        )
        bounds = {"trials": TRIALS, "minutes": MINUTES, "parallel": PARALLEL}
        for name, (low, high) in bounds.items():
            one = self.fields[name]
            one.label = setting_title(f"search.{name}")
            one.help_text = _("%(low)s to %(high)s.") % {"low": f"{low:g}", "high": f"{high:g}"}
            one.widget = forms.TextInput(
                {"inputmode": "decimal", "class": "input", "placeholder": _("None")}
            )
        at_once = self.fields["parallel"]
        at_once.widget.attrs["placeholder"] = "1"
        at_once.help_text = _(
            "Each is a process of its own with its share of the cores, and needs memory of its own. %(bounds)s"
        ) % {"bounds": at_once.help_text}

    def clean(self) -> dict[str, Any]:
        for name in ("trials", "minutes", "parallel"):
            some = {} if name in BUDGET else {"trials": TRIALS[0]}
            try:
                check_budget({**some, name: self.cleaned_data.get(name)})
            except Problem as problem:
                named = problem.values | {"field": self.fields[name].label}
                self.add_error(name, words(problem.code, named)["expected"])
        return self.cleaned_data


def scores_of(version: DatasetVersion | None) -> tuple[str, ...]:
    """The scores of an epoch that such a model has."""
    learner = planning.learner_of(version)
    return tuple(learner.summary) if learner else ()


def _field(option: Option) -> forms.Field:
    title = setting_title(option.name)
    given: dict[str, Any] = {"label": title, "required": False, "help_text": _help(option)}
    choices = _choices(option)
    if choices:
        widget = forms.Select({"class": "input"})
        return forms.ChoiceField(choices=[("", _("Automatic")), *choices], widget=widget, **given)
    attributes = {"inputmode": "decimal", "placeholder": _("Automatic"), "class": "input"}
    return forms.CharField(widget=forms.TextInput(attributes), **given)


def _choices(option: Option) -> list[tuple[str, str]]:
    if option.kind is bool:
        return [("true", _("On")), ("false", _("Off"))]
    return [(name, setting_value(name)) for name in option.choices]


def _help(option: Option) -> str:
    if option.low is None or option.high is None:
        return _(option.explain)
    bounds = _("%(low)s to %(high)s.") % {"low": _bound(option.low), "high": _bound(option.high)}
    return f"{_(option.explain)} {bounds}"


def _bound(value: float) -> str:
    """Small numbers as 1e-07, large ones with all their digits."""
    return f"{value:g}" if value < 1_000 else str(number_format(int(value), force_grouping=True))


def readings(choice: Choice) -> list[dict[str, Any]]:
    """How two texts can be read, for the wizard; [] for data of another kind."""
    version = choice.version
    variant = task_of(version.project).variant(version.variant) if version else None
    if version is None or variant is None or not variant.also:
        return []
    told = {
        "": (_("Chosen for you"), READ_AS_USUAL % {"few": number_format(FEW)}),
        "cross": (_("Read together"), READ_TOGETHER),
        "bi": (_("Each read by itself"), READ_ALONE),
    }
    many = bool(variant.label) and len(version.labels) != 2
    chosen = choice.settings.get("matching", "")
    return [
        {
            "value": value,
            "title": title,
            "text": text,
            "chosen": value == ("" if chosen == "auto" else chosen),
            "closed": many and value == "bi",
        }
        for value, (title, text) in told.items()
    ]


def efforts(version: DatasetVersion, spec: Spec) -> list[dict[str, Any]]:
    """What each effort does and takes, for the wizard."""
    told = {
        "draft": (
            _("Draft"),
            _("A linear model over the base as it is: a first model that works, in a minute."),
        ),
        "quick": (_("Quick"), _("A first look: does the data carry enough to learn from?")),
        "balanced": (
            _("Balanced"),
            _("The usual choice. Close to the best in a fraction of the time."),
        ),
        "thorough": (
            _("Thorough"),
            _("Trains longer and keeps the best epoch. For the final model."),
        ),
    }
    estimates = planning.by_effort(version, spec)
    return [
        {"value": name, "title": told[name][0], "text": told[name][1], "estimate": estimates[name]}
        for name in estimates
    ]
