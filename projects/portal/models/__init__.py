"""What the operator steers the site with, and what the public pages keep."""

from projects.portal.models.growth import Count, Dismissal, Referral, ReferralCode, Share, Tries
from projects.portal.models.steering import (
    Announcement,
    Demo,
    Flag,
    Impersonation,
    Price,
    SwitchRow,
)

__all__ = [
    "Announcement",
    "Count",
    "Demo",
    "Dismissal",
    "Flag",
    "Impersonation",
    "Price",
    "Referral",
    "ReferralCode",
    "Share",
    "SwitchRow",
    "Tries",
]
