"""Somebody at a real browser: finds fields by their labels and buttons by their words, as people do."""

import re
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from playwright.sync_api import TimeoutError as NotThere

from web.demo import PASSWORD

Language = Literal["zh", "en"]
Scheme = Literal["light", "dark"]
LOCALES: dict[Language, str] = {"zh": "zh-CN", "en": "en-US"}
TIMEOUT_MILLISECONDS = 15_000
PATIENCE_SECONDS = 20.0
PAUSES_MILLISECONDS = (250, 2_000)  # between one look and the next: at first, and at most
DESKTOP, PHONE = 1440, 390
HEIGHT = 900
WORDS: dict[str, tuple[str, str]] = {
    "login": ("账号", "Account"),
    "password": ("密码", "Password"),
    "sign_in": ("登录", "Sign in"),
    "submit": ("提交", "Submit"),
    "refresh": ("更新表单", "Update the form"),
}


class Person:
    """One browser of its own. On the way out nothing may have been wrong: no error in the console (a breach of the
    content security policy is one), no script that failed, nothing asked of another site.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        language: Language,
        width: int = DESKTOP,
        *,
        has_scripts: bool = True,
        scheme: Scheme = "light",
    ) -> None:
        self.url, self.language, self.has_scripts = url, language, has_scripts
        self.context = browser.new_context(
            base_url=url,
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": HEIGHT},
            java_script_enabled=has_scripts,
            color_scheme=scheme,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT_MILLISECONDS)
        self.complaints: list[str] = []
        self.expected_status: int | None = None
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._see)

    def __enter__(self) -> "Person":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.close()
        if error is None:
            assert self.complaints == [], self.complaints

    # --- going about --------------------------------------------------------------------------------------------------
    def say(self, name: str) -> str:
        """Words this helper needs, in the person's language."""
        return WORDS[name][self.language == "en"]

    def open(self, path: str) -> None:
        """Goes to a page."""
        self.page.goto(path)

    def sign_in(self, login: str, role: str = "") -> "Person":
        """Signs in; `role` is whose card to press where there is a choice."""
        self.open("/sign-in")
        self.field(self.say("login")).fill(login)
        self.field(self.say("password")).fill(PASSWORD)
        self.press(self.say("sign_in"))
        if role:
            self.page.locator(f'button[name="role"][value$="/{role}"]').click()
        return self

    def enter(self, login: str, role: str) -> "Person":
        """Signs in without looking at the pages on the way: for tests of what comes behind them."""
        page = self._send("/sign-in", "/sign-in", login=login, password=PASSWORD)
        choice = re.search(rf'name="role" value="([^"]*/{role})"', page)
        if choice is not None:
            self._send("/role", "/role", role=choice[1])
        return self

    def leave(self) -> None:
        """Is nobody again, as after signing out."""
        self.context.clear_cookies()

    def read(self, path: str) -> str:
        """What a page holds, without showing it."""
        answer = self.context.request.get(path)
        assert answer.ok, f"{path} answered {answer.status}"
        return answer.text()

    def _send(self, form: str, path: str, **fields: str) -> str:
        """Sends what a form of a page asks for, with the token of the page; gives the page it leads to."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(form))
        assert token is not None, f"{form} shows no form"
        answer = self.context.request.post(path, form={"csrf_token": token[1], **fields})
        assert answer.ok, f"{path} answered {answer.status}"
        return answer.text()

    def press(self, words: str) -> None:
        """Presses the button with these words; part of them is enough."""
        self.button(words).click()

    def follow(self, words: str) -> None:
        """Follows the first link with these words that is on the screen, and waits for the page it leads to: loading
        anew before would cut that off.
        """
        with self.arriving():
            self.page.get_by_role("link", name=words).locator("visible=true").first.click()

    def arriving(self) -> AbstractContextManager[object]:
        """Waits until another document is loaded.

        A navigation would not do: htmx notes its place in the history with its first request, and that counts as one.
        """
        return self.page.expect_event("load")

    def button(self, words: str) -> Locator:
        """A button on the screen."""
        return self.page.get_by_role("button", name=words).locator("visible=true").first

    def open_own_task(self, words: str) -> None:
        """Waits until a page offers a task by its name, then opens it."""
        link = self.page.get_by_role("link", name=words, exact=True).locator("visible=true").first
        self.await_there(link)
        with self.arriving():
            link.click()

    def await_there(self, awaited: Locator) -> None:
        """Loads the page again until something is on it: what the platform does by itself takes a moment."""
        deadline, pause = monotonic() + PATIENCE_SECONDS, PAUSES_MILLISECONDS[0]
        while not self._appears(awaited, pause) and monotonic() < deadline:
            self.page.reload()
            pause = min(2 * pause, PAUSES_MILLISECONDS[1])
        expect(awaited).to_be_visible()

    @staticmethod
    def _appears(awaited: Locator, milliseconds: int) -> bool:
        """Whether something is there so soon: to load the page anew at once would keep the server busy."""
        try:
            awaited.wait_for(timeout=milliseconds)
        except NotThere:
            return False
        return True

    def await_true(self, script: str, argument: object = None) -> None:
        """Asks the page until a script says yes. (`wait_for_function` takes a promise itself for a yes.)"""
        deadline = monotonic() + PATIENCE_SECONDS
        while not self.page.evaluate(script, argument):
            assert monotonic() < deadline, f"{self.page.url}: still not so: {script}"

    # --- forms --------------------------------------------------------------------------------------------------------
    def field(self, label: str) -> Locator:
        """The control with this label, whether it must be filled in or not."""
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$"))

    def fill(self, **answers: str) -> None:
        """Types into controls by the names their form sends; what appears only with an answer is waited for."""
        for name, value in answers.items():
            self.page.locator(f'[name="{name}"]').fill(value)

    def choose(self, name: str, value: str, reveals: str = "") -> None:
        """Picks an answer; `reveals` is a field that exists only with it."""
        self.page.locator(f'input[name="{name}"][value="{value}"]').check()
        if reveals and not self.has_scripts:
            self.press(self.say("refresh"))
        if reveals:
            expect(self.page.locator(f'[name="{reveals}"]').first).to_be_visible()

    def attach(self, group: str, name: str, media_type: str, content: bytes) -> None:
        """Chooses a file for the field under this heading."""
        upload = self.page.get_by_role("group", name=group).locator("input[type=file]").last
        upload.set_input_files({"name": name, "mimeType": media_type, "buffer": content})

    def submit(self) -> None:
        """Sends the form of a task and waits for the page that answers: loading it anew before would cut that off."""
        with self.arriving():
            self.press(self.say("submit"))

    # --- what is seen -------------------------------------------------------------------------------------------------
    def sees(self, words: str) -> None:
        """Some part of the page says this."""
        expect(self.page.locator("body")).to_contain_text(words)

    def is_at(self, pattern: str) -> None:
        """The address of the page matches."""
        expect(self.page).to_have_url(re.compile(pattern))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if self.expected_status is not None and f"status of {self.expected_status}" in message.text:
            return
        self.complaints.append(f"{self.page.url}: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:", "blob:")):
            self.complaints.append(f"{self.page.url}: asked {request.url}")
