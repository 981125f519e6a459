"""What the parts above hear of people. All are sent inside the transaction of what happens: an error undoes it."""

from django.dispatch import Signal

# `workspace` and `user`: billing gives the workspace its plan.
workspace_created = Signal()
# `workspace` and `user`: what it held is to be removed, or a Problem raised that says why not. The row stays.
workspace_deleted = Signal()
# `workspace`, `wanted` (more people): sent before they are let in or invited. Raise a Problem where there is no room.
members_wanted = Signal()
# `member`, and `projects` (ids) that were shared along with the invitation.
member_joined = Signal()
# `workspace` and `user`, who is no member any more.
member_left = Signal()
