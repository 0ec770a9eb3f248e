"""A Hub of one dataset over real HTTP: as much of it as the real client asks for."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "hf_canary0123456789"
DATASET = "somebody/playground-log"
COMMIT = "a" * 40


@dataclass
class FakeHub:
    """The dataset's files; `refuses` answers nothing well, `is_private` is what it says of itself."""

    files: dict[str, bytes] = field(default_factory=dict)
    is_there: bool = False
    is_private: bool = True
    refuses: int | None = None  # with this status
    is_hanging: bool = False
    n_commits: int = 0
    n_asked: int = 0
    url: str = ""

    def app(self) -> Starlette:
        base = "/api/datasets/{owner}/{name}"
        routes = [
            Route("/api/repos/create", self._create, methods=["POST"]),
            Route(base, self._info),
            Route(f"{base}/revision/{{revision}}", self._info),
            Route(f"{base}/tree/{{revision}}", self._tree),
            Route(f"{base}/preupload/{{revision}}", self._preupload, methods=["POST"]),
            Route(f"{base}/commit/{{revision}}", self._commit, methods=["POST"]),
            Route("/datasets/{owner}/{name}/resolve/{revision}/{path:path}", self._file),
        ]
        return Starlette(routes=routes)

    def _refusal(self, request: Request) -> Response | None:
        self.n_asked += 1
        while self.is_hanging:
            time.sleep(0.02)
        if self.refuses is not None:
            return JSONResponse({"error": "Not now."}, status_code=self.refuses)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "Who are you?"}, status_code=401)
        return None

    def _create(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        url = f"{self.url}/datasets/{DATASET}"
        status, self.is_there = (409 if self.is_there else 200), True
        return JSONResponse({"url": url, "name": DATASET, "id": "1"}, status_code=status)

    def _info(self, request: Request) -> Response:
        info = {"id": DATASET, "private": self.is_private, "sha": COMMIT, "siblings": []}
        return self._refusal(request) or JSONResponse(info)

    def _tree(self, request: Request) -> Response:
        files: list[Any] = [
            {"type": "file", "path": path, "size": len(data), "oid": "b" * 40}
            for path, data in self.files.items()
        ]
        return self._refusal(request) or JSONResponse(files)

    async def _preupload(self, request: Request) -> Response:
        asked = json.loads(await request.body())
        modes = [
            {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
            for file in asked["files"]
        ]
        return self._refusal(request) or JSONResponse({"files": modes})

    async def _commit(self, request: Request) -> Response:
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        for line in lines:
            if line["key"] == "file":
                value = line["value"]
                self.files[value["path"]] = base64.b64decode(value["content"])
        self.n_commits += 1
        url = f"{self.url}/datasets/{DATASET}/commit/{COMMIT}"
        return JSONResponse({"success": True, "commitUrl": url, "commitOid": COMMIT})

    def _file(self, request: Request) -> Response:
        data = self.files[request.path_params["path"]]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hash(data):x}"'}
        return self._refusal(request) or Response(data, headers=headers)


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    listener = socket.create_server(("127.0.0.1", 0))
    hub.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(hub.app(), log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.is_hanging = False
        server.should_exit = True
        thread.join(10)
        listener.close()
