"""What the sweep over all addresses takes for right although it is another way elsewhere, with the reasons."""

# Downloads, by a GET.
TAKEN_AWAY = (
    *("version-export", "run-predictions", "run-metrics", "run-artifact"),
    *("api-version-export", "api-run-artifact", "workspace-audit-export"),
)
# What everybody may do for himself.
FOR_ALL = ("workspace-new", "workspace-leave")
# What changes nothing that the audit trail tells of, with the reason.
_OWN, _LOG = "the visitor's own list", "a message, of which the webhook's own log tells"
_ANSWER, _REFUSED = "an answer to a row: its history tells who and when", "refused in this test"
UNWRITTEN = {
    "set_language": "a cookie of the visitor",
    "notices-settings": "the visitor's own mail",
    **dict.fromkeys(("notices-read", "api-notices-read", "notice-open"), _OWN),
    **dict.fromkeys(("webhook-test", "webhook-again", "api-webhook-test"), _LOG),
    **dict.fromkeys(
        (
            *("workspace-hand-over", "workspace-leave", "workspace-delete"),
            *("project-delete", "domain-claim"),
        ),
        _REFUSED,
    ),
    **dict.fromkeys(("row", "row-add", "row-remove", "review", "api-edits", "api-edit"), _ANSWER),
    **dict.fromkeys(("pool-next", "pool-resume", "api-pool-next"), _ANSWER),
    **dict.fromkeys(("api-pool-answers", "api-pool-answer"), _ANSWER),
    **dict.fromkeys(("first-steps-close", "announcement-close"), _OWN),
    **dict.fromkeys(("billing-card", "invoice-pay"), "leads to a page of the payment provider"),
    "version-health-examine": "the report is there, and nothing is looked at again",
    "api-tus-upload patch": "a piece of an upload that was written down when it began",
    "api-estimate": "asks only",
    **dict.fromkeys(("run-cancel", "api-run-cancel"), "the run has ended, and nothing is stopped"),
    **dict.fromkeys(("run-fine-tune", "version-draft"), "starts nothing that was not started"),
}
# Parameters of URLs that name something which lies in a project.
OF_A_PROJECT = {
    *("project_id", "upload_id", "partial_id", "import_id", "version_id", "other_id", "run_id"),
    *("pool_id", "edit_id"),
}
