"""What endpoints of projects say of their errors; the words are those of the whole site."""

from web.schema import ProblemSerializer, problems

__all__ = ["ProblemSerializer", "problems"]
