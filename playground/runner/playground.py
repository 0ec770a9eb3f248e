"""The playground without a screen: open it, compare, close it. Screens and command line stand on it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from playground import catalog
from playground.client import check_public_url
from playground.emulator import EmulatorServer, EmulatorSettings
from playground.emulator.settings import DEFAULT_BALANCE_CREDITS
from playground.errors import PlaygroundError
from playground.identity import new_comparison_id
from playground.references import prepare_reference, url_reference
from playground.runner.engine import Engine
from playground.runner.kit import Patience
from playground.runner.result import ComparisonResult
from playground.runner.views import AccountView, RunView
from playground.schema import Comparison, Estimate, Reference, Request
from playground.settings import Settings
from playground.tenancy import Tenancy

EMULATOR_KEY = "sk-emulator-no-real-money"
_LOOK_EVERY_S = 0.05


class Playground:
    """
    An engine with an account to spend from: the key of the settings, or the embedded emulator.

    Made by `open_playground`; every method belongs to that event loop.
    """

    def __init__(self, settings: Settings, *, patience: Patience | None = None) -> None:
        self.settings = settings
        self._tenancy = Tenancy.take(settings.data_dir)
        try:
            self.engine = Engine(settings, patience=patience, tenancy=self._tenancy)
        except BaseException:
            self._leave()
            raise
        self._emulator: EmulatorServer | None = None
        self._account: AccountView | None = None

    @property
    def account(self) -> AccountView:
        """
        Raises:
            PlaygroundError: It was not opened.
        """
        if self._account is None:
            raise PlaygroundError("The playground is not open; use `open_playground`.")
        return self._account

    @property
    def emulator(self) -> EmulatorServer | None:
        """The embedded emulator; None with a key of your own."""
        return self._emulator

    async def start(self) -> None:
        """
        Raises:
            InvalidRequestError: The key or the address of the settings cannot be one.
        """
        settings = self.settings
        await self.engine.start()
        if settings.api_key is not None:
            self._account = await self.engine.open_account(settings.base_url, settings.api_key)
            self.engine.accounts.lend(self._account.account_id)
            return
        emulator = EmulatorServer(
            EmulatorSettings(
                data_dir=settings.data_dir / "emulator",
                speed=settings.emulator_speed,
                port=settings.emulator_port,
                # Strangers share it, and none of them shall be able to use it up.
                balance_credits=None if settings.is_public else DEFAULT_BALANCE_CREDITS,
            )
        )
        await asyncio.to_thread(emulator.start)
        self._emulator = emulator
        self._account = await self.engine.open_account(emulator.url, EMULATOR_KEY)

    async def close(self) -> None:
        await self.engine.close()
        if self._emulator is not None:
            await asyncio.to_thread(self._emulator.stop)
        await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        if self._tenancy is not None:
            self._tenancy.leave()

    def estimate(self, request: Request) -> Estimate | None:
        """What one picture should cost this account; None when no price is known."""
        return self.engine.accounts.estimate(request, self.account.account_id)

    async def compare(
        self,
        prompt: str,
        *,
        references: Sequence[str | Path | Reference] = (),
        models: Sequence[str] = catalog.DEFAULT_LANES,
        size: str = "1:1",
        resolution: str = "1K",
        repeats: int = 1,
        accept_unknown_price: bool = False,
        watch: Callable[[tuple[RunView, ...]], None] | None = None,
    ) -> ComparisonResult:
        """
        Buys the pictures and waits for all of them.

        Args:
            references: At most 8, in the order the prompt names them: paths, addresses, or both.

            watch: Called with the runs as they stand, whenever something changed.

        Raises:
            InvalidRequestError, BudgetError, StorageError: Nothing was paid.
        """
        prepared = [await asyncio.to_thread(self.reference, each) for each in references]
        comparison = Comparison(
            comparison_id=new_comparison_id(),
            prompt=prompt,
            lanes=tuple(models),
            size=size,
            resolution=resolution,
            references=tuple(prepared),
            repeats=repeats,
        )
        views = await self.engine.begin(
            comparison,
            account_id=self.account.account_id,
            session_id="python",
            accept_unknown_price=accept_unknown_price,
        )
        await self.wait(views, watch=watch)
        runs = tuple(v.run for v in self.engine.views(comparison.comparison_id) if v.run)
        return ComparisonResult(
            comparison=comparison, runs=runs, data_dir=self.settings.data_dir.resolve()
        )

    async def wait(
        self,
        views: Sequence[RunView],
        *,
        watch: Callable[[tuple[RunView, ...]], None] | None = None,
    ) -> tuple[RunView, ...]:
        """Until every one of these runs is over: logged, or let go of at the deadline."""
        seen: tuple[RunView, ...] = ()
        while True:
            now = tuple(self.engine.view(v.run_id) or v for v in views)
            if now != seen and watch is not None:
                watch(now)
            seen = now
            if all(view.is_over for view in now):
                return now
            await asyncio.sleep(_LOOK_EVERY_S)

    async def resume(
        self, *, watch: Callable[[tuple[RunView, ...]], None] | None = None
    ) -> tuple[RunView, ...]:
        """Waits for every task an earlier program left open with this key, until all are logged."""
        seen: tuple[RunView, ...] = ()
        mine = tuple(v.run_id for v in self.engine.open_views() if self.engine.is_under_way(v))
        while True:
            now = tuple(view for run_id in mine if (view := self.engine.view(run_id)))
            if now != seen and watch is not None:
                watch(now)
            seen = now
            if all(view.run is not None for view in now):
                return now
            await asyncio.sleep(_LOOK_EVERY_S)

    def reference(self, source: str | Path | Reference) -> Reference:
        """
        Blocking for a file, which is decoded and copied.

        Raises:
            InvalidRequestError: It cannot be sent; says why and what to do.
        """
        if isinstance(source, Reference):
            return source
        if isinstance(source, str) and source.startswith(("http://", "https://")):
            check_public_url(source)
            return url_reference(source)
        path = Path(source)
        return prepare_reference(path, name=path.name, folder=self.engine.references_dir)


@contextlib.asynccontextmanager
async def open_playground(
    settings: Settings, *, patience: Patience | None = None
) -> AsyncIterator[Playground]:
    """A running playground; closed at the end of the block, its open tasks kept for the next one."""
    playground = Playground(settings, patience=patience)
    try:
        await playground.start()
        yield playground
    finally:
        await playground.close()
