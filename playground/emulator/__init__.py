"""
A stand-in for the ToAPIs image service that speaks its API over real HTTP.

It shares no code with the rest of the playground: were the playground's reading of the API wrong,
a shared parser would hide it. Tests may point any client at it, ours or another.
"""

from playground.emulator.app import create_app
from playground.emulator.core import Emulator, Leak, Tally
from playground.emulator.dialect import OTHER_SYNONYMS, SYNONYMS, UPPER_CASE, Dialect
from playground.emulator.faults import Endpoint, Fault
from playground.emulator.laws import LatencyLaw
from playground.emulator.server import EmulatorServer
from playground.emulator.settings import EmulatorSettings, WebhookSettings
from playground.emulator.tasks import Charge, Ending, Task, Upload

__all__ = [
    "OTHER_SYNONYMS",
    "SYNONYMS",
    "UPPER_CASE",
    "Charge",
    "Dialect",
    "Emulator",
    "EmulatorServer",
    "EmulatorSettings",
    "Ending",
    "Endpoint",
    "Fault",
    "LatencyLaw",
    "Leak",
    "Tally",
    "Task",
    "Upload",
    "WebhookSettings",
    "create_app",
]
