"""Who asks."""

from accounts.access import user_of

__all__ = ["user_of"]
