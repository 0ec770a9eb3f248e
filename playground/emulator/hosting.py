"""The file host: results until they expire and uploads, to anybody, without a key."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from playground.emulator.core import EXTENSIONS, KEY_PREFIX, Emulator, Leak
from playground.emulator.damage import damaged, missing
from playground.emulator.dialect import Phase
from playground.emulator.faults import Endpoint
from playground.emulator.handling import broken, endpoint, strike
from playground.emulator.tasks import Task, Upload

MIME_TYPES = {extension: mime_type for mime_type, extension in EXTENSIONS.items()}


async def serve(emulator: Emulator, request: Request) -> Response:
    """One file, or 404 as for any file the host does not have."""
    emulator.tally.file_requests[request.url.path] += 1
    _note_leaks(emulator, request)
    name = str(request.path_params["name"])
    task = emulator.store.task_of_file(name)
    upload = None if task else emulator.store.upload(name)
    refusal = _refusal(emulator, task, upload)
    if refusal is not None:
        return refusal
    fault = emulator.faults.take(Endpoint.FILE, model=task.model if task else None)
    data = await _bytes(emulator, name, task)
    media_type = MIME_TYPES[name.rpartition(".")[2]]
    answer = Response(data, media_type=media_type)
    if fault is None:
        return answer
    if fault.kind == "dribble":
        return broken(emulator, fault, answer)
    return await damaged(fault, data, media_type) or strike(emulator, fault, answer)


def _refusal(emulator: Emulator, task: Task | None, upload: Upload | None) -> Response | None:
    now_s = emulator.now_s()
    if task is not None:
        if task.phase_at(now_s) is not Phase.COMPLETED:
            return missing()
        is_expired = now_s > task.finished_at + emulator.settings.result_ttl_s
    elif upload is not None:
        ttl_s = emulator.settings.upload_ttl_s
        is_expired = ttl_s is not None and now_s > upload.created_at + ttl_s
    else:
        return missing()
    return missing(status_code=emulator.settings.expired_status) if is_expired else None


async def _bytes(emulator: Emulator, name: str, task: Task | None) -> bytes:
    if task is not None:
        return await emulator.studio.picture(task, name)
    return await asyncio.to_thread(emulator.studio.path(name).read_bytes)


def _note_leaks(emulator: Emulator, request: Request) -> None:
    for name, value in request.headers.items():
        if name == "authorization" or KEY_PREFIX in value:
            emulator.tally.leaks.append(Leak(path=request.url.path, header=name))


ROUTES = [Route("/files/{name:path}", endpoint(Endpoint.FILE, serve))]
