"""A headless Chromium of this machine, driven by its own chromedriver."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

NO_CHROMIUM = "no Chromium: install Debian's packages chromium and chromium-driver"
_SCRIPT_SECONDS = 120  # on a busy machine
_FLAGS = (
    "headless",
    "no-sandbox",  # Chromium's own sandbox does not run as root
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "hide-scrollbars",
)


def is_chromium_installed() -> bool:
    """Return True if Chromium and its driver are on the path."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@contextmanager
def chromium() -> Iterator[Chrome]:
    """Start Chromium with an empty profile."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with TemporaryDirectory(prefix="darkroom-chromium-", ignore_cleanup_errors=True) as profile:
        for flag in (*_FLAGS, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        browser = Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
        browser.set_script_timeout(_SCRIPT_SECONDS)
        try:
            yield browser
        finally:
            browser.quit()


@contextmanager
def screen_of(
    browser: Chrome, width: int, height: int, *, is_phone: bool = False, dark: bool = False
) -> Iterator[None]:
    """Show pages on a screen of this size while the block runs."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def console_of(browser: Chrome) -> list[object]:
    """Return what pages have written to the console since the last call."""
    return list(browser.get_log("browser"))  # type: ignore[no-untyped-call]


def screenshot(browser: Chrome, file: Path) -> None:
    """Save what the screen shows as PNG."""
    if not browser.save_screenshot(str(file)):
        raise OSError(f"{file} cannot be written")


def widths(browser: Chrome, selector: str) -> list[int]:
    """Wait for the images and return their widths in pixels, 0 for one that did not load."""
    script = """
        const images = [...document.querySelectorAll(arguments[0])];
        const loaded = images.map((image) => image.decode().catch(() => {}));
        Promise.all(loaded).then(() => arguments[1](images.map((image) => image.naturalWidth)));
    """
    found: list[int] = browser.execute_async_script(script, selector)
    return found
