"""What is known of a base model, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

ENCODER, CAUSAL, SEQ2SEQ = "encoder", "causal", "seq2seq"
KINDS = (ENCODER, CAUSAL, SEQ2SEQ)
# Question answering stands in all three: its variant decides.
TASKS: dict[str, tuple[str, ...]] = {
    ENCODER: (
        "text-classification",
        "text-matching",
        "ner",
        "relation-extraction",
        "question-answering",
    ),
    CAUSAL: ("question-answering", "translation", "summarization", "dialogue"),
    SEQ2SEQ: ("question-answering", "translation", "summarization"),
}
OF_VARIANT = {
    ("question-answering", "extractive"): (ENCODER,),
    ("question-answering", "generative"): (CAUSAL, SEQ2SEQ),
}
PIP, NPM = "pip", "npm"
# Bytes for each parameter while all weights are trained in fp32 (weights, gradients, two moments of AdamW), and while
# an adapter is trained beside weights that stay; and what Python, torch and a small batch take besides.
_WHOLE, _ADAPTER, _BESIDES = 16, 6, 900_000_000


def gettext_noop(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


@dataclass(frozen=True)
class Package:
    """A folder inside an installed Python package."""

    name: str
    folder: str


@dataclass(frozen=True)
class Part:
    """One archive of a package registry, as its client names it. `size` in bytes, for the progress of a download."""

    client: str  # pip or npm
    package: str  # NAME==VERSION, NAME@VERSION for npm
    sha256: str
    size: int = 0


@dataclass(frozen=True)
class Archive:
    """Archives of a package registry, checked by sha256, from which the folder is made.

    `converter` is a name of training.install.converters, `folder` what it takes out of the archive.
    """

    parts: tuple[Part, ...]
    converter: str = "folder"
    folder: str = ""


@dataclass(frozen=True)
class Hub:
    """A repository of a model hub, pinned by revision where one is given."""

    repository: str
    revision: str = "main"


@dataclass(frozen=True)
class Folder:
    """A folder that the operator put there."""

    path: str


Source = Package | Archive | Hub | Folder


@dataclass(frozen=True)
class Base:
    """`parameters` in millions, `size` in bytes on the disk, `max_length` in tokens."""

    id: str
    title: str
    languages: tuple[str, ...]  # ISO 639-1; "mul" for about a hundred
    licence: str  # SPDX, or LicenseRef-… for one that SPDX does not list
    parameters: float
    size: int
    source: Source
    description: str = ""
    max_length: int = 512
    kind: str = ENCODER
    cased: bool = True  # tells capitals from small letters
    compares: bool = False  # made so that the vectors of two texts can be compared as they come
    only: tuple[
        str, ...
    ] = ()  # the tasks it was made for, where they are fewer than those of its kind

    @property
    def tasks(self) -> tuple[str, ...]:
        return self.only or TASKS[self.kind]

    @property
    def memory(self) -> int:
        """The least bytes with which it can be trained: a causal one by its adapter, others as a whole."""
        each = _ADAPTER if self.kind == CAUSAL else _WHOLE
        return int(self.parameters * 1e6 * each) + _BESIDES

    @property
    def download(self) -> int:
        """Bytes that come over the network when it is installed."""
        if isinstance(self.source, Archive):
            return sum(part.size for part in self.source.parts)
        return self.size if isinstance(self.source, Hub) else 0


def kinds_of(task: str, variant: str = "") -> tuple[str, ...]:
    """The kinds of bases that can learn the task; of a variant that is not known, those of the whole task."""
    found = OF_VARIANT.get((task, variant))
    return found or tuple(kind for kind in KINDS if task in TASKS[kind])


def suits(base: Base, task: str, variant: str = "") -> bool:
    return task in base.tasks and base.kind in kinds_of(task, variant)
