"""One page in every language: what a request asks for, and the page's widgets as each language has them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import parse_qs

import gradio as gr
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.markup import escape
from playground.ui.framework import LightPage, no_app_yet
from playground.ui.texts import (
    CATALOGUES,
    Language,
    language_of,
    preferred,
    speak,
    speaking,
    spoken,
    text,
    texts_of,
)
from playground.ui.widgets import asset

PARAMETER = "lang"  # of the page's address
PATHS = ("/", "/config", "/config/")  # of the page, and of what it is made of


class PageLanguage:
    """
    Speaks the language that a request for the page asks for, and marks the page with it.

    The address decides, and without it the browser's languages. A choice made earlier is known
    to the browser alone: its script asks again with that in the address, before anything is drawn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
            return
        speak(asked_for(scope))
        passed = _MarkedPage(send).send if scope["path"] == "/" else send
        await self._app(scope, receive, passed)


def asked_for(scope: Scope) -> Language:
    """The language of a request, by its address or by the browser's wish."""
    told = parse_qs(scope["query_string"].decode("latin-1")).get(PARAMETER, [""])[-1]
    return language_of(told) or preferred(Headers(scope=scope).get("accept-language", ""))


class _MarkedPage:
    """Passes a page on with its language named and our first script in front of all others."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Accept-Language")
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        page = marked(bytes(self._body), spoken())
        MutableHeaders(scope=self._start)["content-length"] = str(len(page))
        await self._send(self._start)
        await self._send({**message, "body": page})


def marked(page: bytes, language: Language) -> bytes:
    """The framework's page, which says of itself that it is English."""
    texts = {**texts_of("number"), "more_tabs": text("tabs.more")}
    told = escape(json.dumps(texts, ensure_ascii=False))
    script = f"<script data-texts='{told}'>{asset('language.js')}</script>"
    page = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
    return page.replace(b"<head>", f"<head>{script}".encode(), 1)


class SpokenPage(LightPage):
    """
    A page whose widgets stand ready in every language; which one is sent is what is spoken then.

    Only what a widget shows differs: there is one set of events and one of everything behind it.
    """

    def __init__(self, **options: Any) -> None:
        self._config: dict[str, Any] = {}
        self._worded: Mapping[Language, tuple[str, tuple[dict[str, Any], ...]]] = {}
        self.exited = False
        super().__init__(**options)

    def queue(self, *args: Any, **options: Any) -> Self:
        """As the framework's, once the page is laid out: its constructor asks for one too."""
        if self.exited:
            with no_app_yet():
                super().queue(*args, **options)
        return self

    def __exit__(self, exc_type: type[BaseException] | None = None, *args: Any) -> None:
        with no_app_yet():
            super().__exit__(exc_type, *args)

    @property  # type: ignore[override]  # an attribute there, of a type that is theirs
    def config(self) -> dict[str, Any]:
        """What the page is made of, in the language spoken."""
        if spoken() not in self._worded:
            return self._config
        title, worded = self._worded[spoken()]
        components = [
            {**component, "props": props}
            for component, props in zip(self._config["components"], worded, strict=True)
        ]
        return {**self._config, "title": title, "components": components}

    @config.setter
    def config(self, config: dict[str, Any]) -> None:
        self._config = config

    def word(self, twins: Mapping[Language, gr.Blocks]) -> None:
        """Takes over what the widgets of the same page show in other languages."""
        self._worded = {language: _wording(twin) for language, twin in twins.items()}


class TwinPage(SpokenPage):
    """The page once more for its words only; never served."""

    def __exit__(self, exc_type: type[BaseException] | None = None, *args: Any) -> None:
        self.fill_expected_parents()  # type: ignore[no-untyped-call]
        # Left as after an error the framework makes nothing of it that only serving needs.
        super().__exit__(exc_type or _NeverServedError, *args)


class _NeverServedError(Exception):
    """Why a page is left before it is whole."""


def _wording(page: gr.Blocks) -> tuple[str, tuple[dict[str, Any], ...]]:
    config: Any = page.get_config_file()
    return config["title"], tuple(each["props"] for each in config["components"])


def in_every_language(lay_out: Callable[[type[SpokenPage]], SpokenPage]) -> SpokenPage:
    """
    The page that `lay_out` makes, with the words of every language.

    Args:
        lay_out: Makes a page of the class it is given; called once for each language.
    """
    page = lay_out(SpokenPage)
    twins = {}
    for language in CATALOGUES:
        if language is not spoken():
            with speaking(language):
                twins[language] = lay_out(TwinPage)
    page.word(twins)
    return page
