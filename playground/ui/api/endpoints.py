"""The three endpoints for programs, with the words their callers read; the steps are in `programs`."""

import json
from collections.abc import Awaitable
from typing import Any

import gradio as gr
from gradio.events import api

from playground.errors import PlaygroundError
from playground.ui.api.orders import Caller, order_of, origin_of, scope_of, seconds_of, text_of
from playground.ui.api.programs import Programs

KEY_HEADER = "X-ToAPIs-Key"
MCP_PATH = "/gradio_api/mcp"
NAMES = ("compare", "status", "verdict")


class Endpoints:
    """
    Functions whose docstrings are the documentation that callers see, in the framework's own form:
    one line for each argument.
    """

    def __init__(self, programs: Programs, *, is_behind_proxy: bool) -> None:
        self._programs = programs
        self._is_behind_proxy = is_behind_proxy

    async def compare(
        self,
        prompt: str,
        ratio: str = "1:1",
        resolution: str = "1K",
        repeats: int = 1,
        models: list[str] | None = None,
        references: list[str] | None = None,
        visitor: str = "",
        request_id: str = "",
        accept_cost_usd: str = "",
        wait_s: float = 0,
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """
        Makes pictures of one prompt with both models, side by side, and tells how they stand.
        Costs money with a real key. Without one an emulator answers and the result says "emulated": true.
        Returns at once unless wait_s says otherwise; then ask `status` until "state" is no longer "running".

        Args:
            prompt: What to draw; both models get exactly this.
            ratio: One of 1:1, 4:3, 3:4, 16:9, 9:16, 3:2, 2:3.
            resolution: 1K or 2K.
            repeats: Pictures of each model, 1 to 4.
            models: Two model ids, one a side; by default flux-2-flex and flux-2-pro.
            references: Public addresses of up to 8 reference pictures, in the order the prompt names them.
            visitor: Whose pictures these are, on a public server: 32 to 64 random hex digits of your own, or leave it out and keep the one returned. Treat it like a password.
            request_id: Any text of your own. The same one again buys nothing and returns the same comparison.
            accept_cost_usd: The most this may cost, in US dollars, such as 1.50. Needed only for what costs more than the server buys unasked.
            wait_s: Wait up to so many seconds (50 at most) for the pictures.

        Returns:
            Ids, the state and picture_url of each run, money as decimal text; unknown is null.
        """
        work = self._compare(
            prompt, ratio, resolution, repeats, models, references, visitor, request_id,
            accept_cost_usd, wait_s, request,
        )  # fmt: skip
        told: dict[str, Any] = await _answer(work, request)
        return told

    async def _compare(
        self,
        prompt: object,
        ratio: object,
        resolution: object,
        repeats: object,
        models: object,
        references: object,
        visitor: object,
        request_id: object,
        accept_cost_usd: object,
        wait_s: object,
        request: gr.Request | None,
    ) -> dict[str, Any]:
        order = order_of(
            prompt=prompt,
            ratio=ratio,
            resolution=resolution,
            repeats=repeats,
            models=models,
            references=references,
            request_id=request_id,
            accept_cost_usd=accept_cost_usd,
        )
        caller = self._caller(visitor, request)
        return await self._programs.compare(order, caller, wait_s=seconds_of("wait_s", wait_s))

    async def status(
        self,
        comparison_id: str,
        visitor: str = "",
        wait_s: float = 0,
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """
        Tells how a comparison stands. Costs nothing.
        "running" goes on; "finished" is all over; "open" is paid for, and fetched later by itself.

        Args:
            comparison_id: As `compare` returned it.
            visitor: As `compare` returned it; only on a public server.
            wait_s: Wait up to so many seconds (50 at most) until it has finished.

        Returns:
            The same as `compare`.
        """
        work = self._status(comparison_id, visitor, wait_s, request)
        told: dict[str, Any] = await _answer(work, request)
        return told

    async def _status(
        self, comparison_id: object, visitor: object, wait_s: object, request: gr.Request | None
    ) -> dict[str, Any]:
        return await self._programs.status(
            text_of("comparison_id", comparison_id) or "",
            self._caller(visitor, request),
            wait_s=seconds_of("wait_s", wait_s),
        )

    async def verdict(
        self,
        experiment_id: str = "",
        tag: str = "",
        ratio: str = "",
        resolution: str = "",
        since: str = "",
        origin: str = "",
        visitor: str = "",
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """
        Tells which model the votes prefer, in one honest sentence with its numbers, or that it cannot be told yet.
        The same as the Results tab. Costs nothing. Without arguments: everything in the log.

        Args:
            experiment_id: Only this experiment.
            tag: Only comparisons with this tag.
            ratio: Only this ratio.
            resolution: Only this resolution.
            since: Only comparisons begun on this day (UTC) or later, such as 2026-11-22.
            origin: live or emulated; by default live if there is any. They are never counted together.
            visitor: Whose votes and pictures; only on a public server.

        Returns:
            The sentence, shares with intervals, seconds, money as decimal text, every check; unknown is null.
        """
        work = self._verdict(experiment_id, tag, ratio, resolution, since, origin, visitor, request)
        told: dict[str, Any] = await _answer(work, request)
        return told

    async def _verdict(
        self,
        experiment_id: object,
        tag: object,
        ratio: object,
        resolution: object,
        since: object,
        origin: object,
        visitor: object,
        request: gr.Request | None,
    ) -> dict[str, Any]:
        scope = scope_of(
            experiment_id=experiment_id, tag=tag, ratio=ratio, resolution=resolution, since=since
        )
        caller = self._caller(visitor, request)
        return await self._programs.verdict(scope, caller, origin=origin_of(origin))

    def _caller(self, visitor: object, request: gr.Request | None) -> Caller:
        # The framework wraps what came over its queue, and passes on as it is what came by MCP.
        raw: Any = getattr(request, "request", request)
        headers = {} if raw is None else raw.headers
        return Caller(
            visitor=text_of("visitor", visitor),
            key=headers.get(KEY_HEADER) or None,
            base_url="" if raw is None else self._base_url(raw),
        )

    def _base_url(self, raw: Any) -> str:
        """How the caller reached this app; its name was checked before anything came this far."""
        scheme = raw.url.scheme
        if self._is_behind_proxy:
            told = raw.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
            scheme = told if told in ("http", "https") else scheme
        return f"{scheme}://{raw.headers.get('host', '')}"


class _RefusedCallError(gr.Error):
    """A refusal in plain words. Nothing of it is printed on this side."""

    def __init__(self, problem: PlaygroundError) -> None:
        super().__init__(str(problem), print_exception=False)

    def __str__(self) -> str:
        return str(self.message)


async def _answer(work: Awaitable[dict[str, Any]], request: gr.Request | None) -> Any:
    try:
        told = await work
    except PlaygroundError as exc:
        raise _RefusedCallError(exc) from exc
    if request is None or isinstance(request, gr.Request):
        return told
    # By MCP, where an answer travels as the text of whatever it is.
    return json.dumps(told, ensure_ascii=False)


def offer(endpoints: Endpoints) -> None:
    """
    Makes the three known to the page that is being built, and nothing else of it.

    Past the framework's queue, which a call by MCP would else enter through a client of its own.
    """
    for name in NAMES:
        api(getattr(endpoints, name), api_name=name, queue=False)
