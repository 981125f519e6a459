"""What went wrong with a form, told on the page that comes next."""

from django.contrib import messages
from django.http import HttpRequest

from training.problems import Problem
from web.errors import words


def tell(request: HttpRequest, problem: Problem, about: str = "") -> None:
    """The problem as a message on the next page, for what was posted from a page with no place for it."""
    said = words(problem.code, problem.values)
    texts = [
        f"{about}: {said['title']}." if about else f"{said['title']}.",
        said["found"],
        said["remedy"],
    ]
    messages.error(request, " ".join(filter(None, texts)))
