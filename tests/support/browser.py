"""A browser for tests: the one that is there, else Playwright's own, else the system's package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHELL = "chromium-headless-shell"
# Playwright's own list, which ours takes the place of, and the lists below the address bar: two pages of a browser
# nobody sees, which cost three quarters of opening one
FEATURES_OFF = (
    "AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,"
    "OptimizationHints,PaintHolding,PreconnectToSearch,TcpPortRandomizationWin,ThirdPartyStoragePartitioning,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"
)
ARGUMENTS = (
    f"--disable-features={FEATURES_OFF}",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",
)


def find_chromium() -> str | None:
    """The path of an installed Chromium; none if there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def find_shell() -> str | None:
    """The path of Chromium without the parts that draw windows: the same pages, the same scripts, a third less work.
    It has no notifications. None if there is none.
    """
    return shutil.which(SHELL)


def ensure_chromium() -> str:
    """Installs Chromium if it is missing; ends the run with one sentence where that cannot be done."""
    found = find_chromium()
    if found is None:
        for command in _installers():
            print("Installing Chromium …", file=sys.stderr, flush=True)
            for part in command:
                subprocess.run(part, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if found := find_chromium():
                break
    if found is None:
        sys.exit("The browser tests need Chromium: install it with your system's package manager and run this again.")
    return found


def _installers() -> list[list[list[str]]]:
    playwright = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get"):
        install = [*sudo, "apt-get", "install", "-y"]
        system = [[*sudo, "apt-get", "update"], [*install, "chromium", "fonts-noto-cjk"], [*install, SHELL]]
    elif shutil.which("dnf"):
        system = [[*sudo, "dnf", "install", "-y", "chromium"]]
    else:
        return [playwright]
    return [playwright, system]
