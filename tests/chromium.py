"""How the tests start Chromium: what every one of them needs, and nothing that costs and nobody sees."""

from __future__ import annotations

from contextlib import ExitStack

from playwright.sync_api import Browser, sync_playwright

# Chromium heeds the last list of features alone, so that those which Playwright turns off stand here again.
OFF_IN_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
# Pages of its own that a window loads below its address bar, which no test looks at: three quarters of what a window
# costs.
POPUPS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
# The container's root user and its small /dev/shm leave Chromium no other way.
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    f"--disable-features={','.join((*OFF_IN_PLAYWRIGHT, *POPUPS))}",
]


class Chromium:
    """A browser that is started when it is first asked for, and again after it was closed."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._browser: Browser | None = None

    def launched(self, path: str) -> Browser:
        if not self._browser:
            playwright = self._running.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            self._running.callback(self._browser.close)
        return self._browser

    def close(self) -> None:
        self._browser = None
        self._running.close()
