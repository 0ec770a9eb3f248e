"""The playground in a thread of its own, so that a busy page never holds up a paid task."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from playground.client import check_public_url
from playground.errors import PlaygroundError
from playground.references import prepare_reference, url_reference
from playground.runlog import RunLog
from playground.runner.kit import Patience
from playground.runner.playground import Playground
from playground.runner.views import AccountView, MoneyView, RunView
from playground.schema import Comparison, Estimate, Origin, Reference, Request, Run
from playground.settings import Settings
from playground.wire import WebhookEvent

_T = TypeVar("_T")
_STARTING_S = 60.0
_CLOSING_S = 5.0


class Resident(Protocol):
    """What lives beside the engine on its loop: begun after it, closed before it."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class Desk:
    """
    What a screen needs of the engine. Every method may be called from any thread; the async ones
    from any event loop. A caller that goes away ends nothing: the work belongs to this thread.
    """

    def __init__(self, settings: Settings, *, patience: Patience | None = None) -> None:
        self.settings = settings
        self._patience = patience
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._playground: Playground | None = None
        self._residents: list[Resident] = []

    def start(self) -> None:
        """
        Raises:
            InvalidRequestError: The key or the address of the settings cannot be one.
            StorageError: The data folder cannot be used.
        """
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(_STARTING_S)

    async def _open(self) -> None:
        playground = Playground(self.settings, patience=self._patience)
        await playground.start()
        self._playground = playground

    def take_in(self, resident: Resident) -> None:
        """Starts it on the engine's loop; it is closed when the desk is. Blocking."""
        self.wait_for(resident.start())
        self._residents.append(resident)

    async def _close(self, playground: Playground) -> None:
        for resident in self._residents:
            await resident.close()
        await playground.close()

    def close(self) -> None:
        """Takes no more work and lets go within about five seconds; open tasks stay journalled."""
        if not self._thread.is_alive():
            return
        if self._playground is not None:
            closing = asyncio.run_coroutine_threadsafe(self._close(self._playground), self._loop)
            closing.result(_CLOSING_S + 1)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _there(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs on the engine's loop. Shielded: a closed page must not cancel what it began."""
        job = asyncio.run_coroutine_threadsafe(work, self._loop)
        return await asyncio.shield(asyncio.wrap_future(job))

    def wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The outcome of work on the engine's loop, for callers that have no loop of their own."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def playground(self) -> Playground:
        """
        Raises:
            PlaygroundError: It was not started.
        """
        if self._playground is None:
            raise PlaygroundError("The desk is not started.")
        return self._playground

    # ---- buying ---------------------------------------------------------------------------

    async def begin(
        self,
        comparison: Comparison,
        *,
        account_id: str,
        session_id: str,
        accept_unknown_price: bool = False,
    ) -> tuple[RunView, ...]:
        """As `Engine.begin`."""
        return await self._there(
            self.playground.engine.begin(
                comparison,
                account_id=account_id,
                session_id=session_id,
                accept_unknown_price=accept_unknown_price,
            )
        )

    async def retry(
        self, run_id: str, *, account_id: str, session_id: str, accept_unknown_price: bool = False
    ) -> RunView:
        """As `Engine.retry`."""
        return await self._there(
            self.playground.engine.retry(
                run_id,
                account_id=account_id,
                session_id=session_id,
                accept_unknown_price=accept_unknown_price,
            )
        )

    async def look_again(self, run_id: str, *, account_id: str) -> RunView:
        """As `Engine.look_again`."""
        return await self._there(self.playground.engine.look_again(run_id, account_id=account_id))

    def stop(self, comparison_id: str) -> None:
        """Stops waiting; what is sent is paid and still picked up."""
        self.playground.engine.stop(comparison_id)

    # ---- watching -------------------------------------------------------------------------

    async def announce(self, event: WebhookEvent) -> bool:
        """As `Engine.announce`."""

        async def announce() -> bool:
            return self.playground.engine.announce(event)

        return await self._there(announce())

    def view(self, run_id: str) -> RunView | None:
        return self.playground.engine.view(run_id)

    def views(self, comparison_id: str) -> tuple[RunView, ...]:
        return self.playground.engine.views(comparison_id)

    def revisions(self, comparison_id: str) -> tuple[tuple[str, int], ...]:
        """As `Board.revisions`."""
        return self.playground.engine.revisions(comparison_id)

    def own_view(self, run_id: str, owner_id: str | None) -> RunView | None:
        """The run as it stands; somebody else's is as unknown as one that never was."""
        view = self.view(run_id)
        return None if view is None or view.owner_id != owner_id else view

    def own_views(self, comparison_id: str, owner_id: str | None) -> tuple[RunView, ...]:
        """As `views`, without what is somebody else's."""
        return tuple(view for view in self.views(comparison_id) if view.owner_id == owner_id)

    def own_runs(self, comparison_id: str, owner_id: str | None) -> tuple[Run, ...]:
        """The ended runs of a comparison, in the order they ended, without somebody else's."""
        return tuple(run for run in self.log.runs_of(comparison_id) if run.owner_id == owner_id)

    def open_views(self, owner_id: str | None = None) -> tuple[RunView, ...]:
        return self.playground.engine.open_views(owner_id)

    def estimate(self, request: Request, account_id: str) -> Estimate | None:
        return self.playground.engine.accounts.estimate(request, account_id)

    def money(
        self,
        origin: Origin,
        session_id: str,
        *,
        account_id: str | None = None,
        owner_id: str | None = None,
    ) -> MoneyView:
        """As `Engine.money`."""
        return self.playground.engine.money(
            origin, session_id, account_id=account_id, owner_id=owner_id
        )

    def meet(self, owner_id: str, address: str | None) -> str:
        """As `Crowd.meet`."""
        return self.playground.engine.crowd.meet(owner_id, address)

    # ---- accounts -------------------------------------------------------------------------

    @property
    def default_account_id(self) -> str:
        return self.playground.account.account_id

    async def open_account(
        self, base_url: str, key: str, *, owner_id: str | None = None
    ) -> AccountView:
        """As `Engine.open_account`."""
        engine = self.playground.engine
        return await self._there(engine.open_account(base_url, key, owner_id=owner_id))

    async def refresh_account(self, account_id: str) -> AccountView:
        return await self._there(self.playground.engine.refresh_account(account_id))

    def account(self, account_id: str) -> AccountView:
        return self.playground.engine.accounts.find(account_id).view()

    def close_account(self, account_id: str) -> None:
        """Forgets a typed key; the default account stays."""
        if account_id != self.default_account_id:
            self.playground.engine.close_account(account_id)

    # ---- files ----------------------------------------------------------------------------

    def prepare_reference(self, path: Path, *, name: str, shrink: bool = False) -> Reference:
        """
        Blocking: call it in a worker thread.

        Raises:
            UnusableReferenceError: It cannot be sent; `can_shrink` tells whether a copy could.
        """
        return prepare_reference(
            path, name=name, folder=self.playground.engine.references_dir, shrink=shrink
        )

    def url_reference(self, url: str) -> Reference:
        """
        Raises:
            InvalidRequestError: It is no public address.
        """
        check_public_url(url)
        return url_reference(url)

    @property
    def log(self) -> RunLog:
        return self.playground.engine.log

    @property
    def pictures_dir(self) -> Path:
        return self.settings.data_dir.resolve() / "pictures"
