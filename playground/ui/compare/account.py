"""The line on top with its key box: whose money it is. A typed key goes to the engine and nowhere else."""

from typing import Any

import gradio as gr

from playground.markup import Markup, el
from playground.ui.compare.flow import Flow
from playground.ui.header import KEY_PANEL_ID
from playground.ui.texts import text
from playground.ui.widgets import QUIET, html

MAINLAND_HOST = "toapis.cn"


class AccountBar:
    """The header and the key box. `changed` are the events after which prices may differ."""

    def __init__(self, flow: Flow, visit_id: gr.State) -> None:
        self._flow = flow
        self._visit_id = visit_id
        self.header = html(script="actions.js", elem_id="header")
        with gr.Column(elem_id=KEY_PANEL_ID):
            is_public = flow.desk.settings.is_public
            lead = el("p", text("key.lead"), " ", text("key.ends") if is_public else None)
            html(el("h2", text("key.title"), id="key-title") + lead, elem_id="key-lead")
            hosts = flow.wallet.hosts
            self._host = gr.Radio(
                [(_host_words(host), host) for host in hosts],
                value=hosts[0],
                label=text("key.host"),
                elem_id="key-host",
            )
            # Strangers must not be able to make this server speak to whom they like.
            self._address = gr.Textbox(
                label=text("key.address"),
                max_lines=1,
                visible=not is_public,
                elem_id="key-address",
                html_attributes=gr.InputHTMLAttributes(
                    autocomplete="off", autocorrect="off", spellcheck=False
                ),
            )
            self._key = gr.Textbox(
                label=text("key.label"),
                type="password",
                max_lines=1,
                elem_id="key",
                html_attributes=gr.InputHTMLAttributes(
                    autocomplete="off", autocorrect="off", spellcheck=False
                ),
            )
            with gr.Row():
                self._use = gr.Button(
                    text("key.use"), variant="primary", elem_id="use-key", min_width=120
                )
                self._forget = gr.Button(text("key.forget"), elem_id="forget-key", min_width=120)
            self._told = html(_told(""), elem_id="key-told")

    def wire(self) -> list[Any]:
        """Connects the key box; returns the events after which the account may be another one."""
        outputs = [self._key, self._told, self.header]
        used = gr.on(
            [self._use.click, self._key.submit],
            self._on_use,
            [self._visit_id, self._key, self._host, self._address],
            outputs,
            trigger_mode="once",
            **QUIET,
        )
        forgotten = self._forget.click(
            self._on_forget, [self._visit_id], outputs, trigger_mode="once", **QUIET
        )
        return [used, forgotten]

    async def _on_use(
        self, visit_id: str, key: str | None, host: str | None, address: str | None
    ) -> tuple[str, Markup, Markup]:
        visit = self._flow.visits.enter(visit_id)
        wanted = (address or "").strip() or host or ""
        told = await self._flow.wallet.use_key(visit, key or "", wanted)
        # The box is emptied whatever came of it: the page keeps no key.
        return "", _told(told), self._flow.easel.header(visit)

    async def _on_forget(self, visit_id: str) -> tuple[str, Markup, Markup]:
        visit = self._flow.visits.enter(visit_id)
        told = self._flow.wallet.forget_key(visit)
        return "", _told(told), self._flow.easel.header(visit)


def _host_words(host: str) -> str:
    name = host.removeprefix("https://")
    return text("key.host_mainland", host=name) if name == MAINLAND_HOST else name


def _told(words: str) -> Markup:
    return el("div", el("p", words) if words else None, class_="pg-notice", role="status")
