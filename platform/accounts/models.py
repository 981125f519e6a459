"""People and the workspaces that own everything they make."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    """Signs in by e-mail; there is no user name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """In one transaction with what is made on `post_save`: nobody is left without a workspace."""
        with transaction.atomic():
            super().save(*args, **kwargs)


class Role(models.TextChoices):
    """What each may do stands in accounts.access.TABLE, the mightiest first."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    EDITOR = "editor", _("Editor")
    ANNOTATOR = "annotator", _("Annotator")
    VIEWER = "viewer", _("Viewer")
    BILLING = "billing", _("Billing")


class Workspace(models.Model):
    """Owns projects, data, runs and artifacts; its slug stands in URLs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    needs_two_factors = models.BooleanField(_("all members need two factors"), default=False)
    # Nobody is in it any more and all that it held is gone; what was billed stays on the books.
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    members: models.ManyToManyField[User, Member] = models.ManyToManyField(
        User, through="Member", related_name="workspaces"
    )

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.EDITOR)
    # Sees only the projects that are shared with this person.
    guest = models.BooleanField(_("guest"), default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class ApiToken(models.Model):
    """Opens the API for one workspace. Only the SHA-256 of the secret is stored; it is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="tokens")
    created_by = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Invitation(models.Model):
    """A way into a workspace, by mail to one address or as a link. Only the SHA-256 of the secret is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.EDITOR)
    guest = models.BooleanField(_("guest"), default=False)
    projects = models.JSONField(default=list)  # ids of those that are shared along with it
    email = models.EmailField(_("e-mail address"), blank=True)  # empty: whoever has the link
    digest = models.CharField(max_length=64, unique=True)
    uses = models.PositiveIntegerField(_("uses"), default=1)
    used = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.email or f"{self.get_role_display()} ({self.used}/{self.uses})"


class MailDomain(models.Model):
    """A mail domain that a workspace claims: whose new users join it, and may have to use the sign-on."""

    domain = models.CharField(_("domain"), max_length=253, unique=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="domains")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)
    sign_on = models.BooleanField(_("only through the sign-on"), default=False)
    claimed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(auto_now_add=True)
    # By an operator; before that, nothing follows from the claim.
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("mail domain")
        verbose_name_plural = _("mail domains")
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain


class AuditEntries(models.QuerySet["AuditEntry"]):
    """What was written stays as it was; only age takes it away (audit.expire)."""

    def update(self, **values: Any) -> int:
        raise TypeError("The audit trail is not rewritten")

    def delete(self) -> Any:
        raise TypeError("The audit trail is not deleted by hand")


class AuditEntry(models.Model):
    """Who did what, when and from where. Outlives the workspace and the person it is about."""

    workspace = models.ForeignKey(
        Workspace, models.SET_NULL, null=True, related_name="audit_entries"
    )
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    who = models.CharField(_("who"), max_length=254, blank=True)  # the address at that time
    via = models.CharField(_("by means of"), max_length=300, blank=True)  # a token; an operator
    verb = models.CharField(_("what"), max_length=60)
    about = models.CharField(_("about"), max_length=200, blank=True)
    values = models.JSONField(_("details"), default=dict)
    address = models.GenericIPAddressField(_("from"), null=True)
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)

    objects = AuditEntries.as_manager()

    class Meta:
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("audit trail")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["workspace", "-id"]),
            models.Index(fields=["workspace", "verb"]),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.verb} {self.about}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is not rewritten")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("The audit trail is not deleted by hand")


class OperatorLink(models.Model):
    """The one row that holds the link with which the first operator is made."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return "used" if self.used_at else "open"
