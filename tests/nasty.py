"""Values that break programs, and ways to make more of them from a seed."""

import json
import random
import string
from collections.abc import Sequence
from typing import Any

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\n\r\t\x0b\x0c\u2028\u2029",
    "\ud800",
    "half \udc00 of one",
    "\u202eright to left",
    "👩‍👩‍👧‍👦 e\u0301 \ufeff",
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\win.ini",
    "%2e%2e%2f",
    "file:///etc/passwd",
    "http://127.0.0.1:1/x.png",
    "http://169.254.169.254/latest/meta-data",
    "https://[::ffff:127.0.0.1]/x.png",
    "javascript:alert(1)",
    "<img src=x onerror=window.pwned=1>",
    "${7*7} {{7*7}} {{{x}}} {% x %} %s %n {0.__class__}",
    '=HYPERLINK("http://x","y")',
    "__proto__",
    "constructor",
    "__class__",
    "toString",
    "'; DROP TABLE runs; --",
    "null",
    "NaN",
    "true",
    "007",
    "1e999",
    "-0",
    "9" * 400,
    "²",
    "٣",
    "a" * 5_000,
    "é" * 3_000,
    "{{" * 500,
)
NUMBERS = (0, -1, 1, 2, 3, 2**31, 2**53 + 1, -(2**63), 2**63 - 1, 10**30, 0.5, -0.0, 1e308, 1e-320)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, [{}], {"value": []})
# Spelled as JSON would not be, or not so.
RAW_JSON = (
    b"",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"null",
    b"0",
    b'"text"',
    b"[]",
    b"NaN",
    b'{"data": NaN, "fn_index": 0, "session_hash": "a"}',
    b'{"data": [1e999], "fn_index": 0, "session_hash": "a"}',
    b'{"data": [' + b"9" * 5_000 + b"]}",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b'{"data": "\xff"}',
    b'{"a": 1, "a": 2}',
    b"{}" * 1_000,
    b"\x00" * 100,
    b'{"\\ud800": 1}',
)


def value(rng: random.Random, words: Sequence[str] = (), *, depth: int = 3) -> Any:
    """Anything JSON can hold; `words` are texts that mean something to who is asked."""
    roll = rng.random()
    if roll < 0.30 and words:
        return rng.choice(words)
    if roll < 0.55:
        return rng.choice(TEXTS)
    if roll < 0.70:
        return rng.choice(NUMBERS)
    if roll < 0.82 or depth == 0:
        return rng.choice(OTHERS)
    if roll < 0.91:
        return [value(rng, words, depth=depth - 1) for _ in range(rng.randrange(5))]
    return {key(rng, words): value(rng, words, depth=depth - 1) for _ in range(rng.randrange(1, 6))}


def key(rng: random.Random, words: Sequence[str] = ()) -> str:
    return rng.choice(words) if words and rng.random() < 0.8 else rng.choice(TEXTS)


def changed(rng: random.Random, base: Any, words: Sequence[str] = ()) -> Any:
    """A copy of `base` with something in it replaced, dropped, doubled or added."""
    if isinstance(base, dict) and base and rng.random() < 0.8:
        copy = dict(base)
        chosen = rng.choice(list(copy))
        roll = rng.random()
        if roll < 0.6:
            copy[chosen] = changed(rng, copy[chosen], words)
        elif roll < 0.8:
            del copy[chosen]
        else:
            copy[key(rng, words)] = value(rng, words)
        return copy
    if isinstance(base, list) and base and rng.random() < 0.8:
        copy_of_list = list(base)
        place = rng.randrange(len(copy_of_list))
        roll = rng.random()
        if roll < 0.6:
            copy_of_list[place] = changed(rng, copy_of_list[place], words)
        elif roll < 0.8:
            del copy_of_list[place]
        else:
            copy_of_list += copy_of_list[place:] * rng.randrange(1, 4)
        return copy_of_list
    return value(rng, words)


def as_json(rng: random.Random, told: Any) -> bytes:
    """Its bytes, now and then damaged."""
    spelled = json.dumps(told, ensure_ascii=rng.random() < 0.8).encode("utf-8", "surrogatepass")
    return damaged(rng, spelled) if rng.random() < 0.03 else spelled


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Cut, doubled, overwritten or sprinkled with bytes."""
    if not data:
        return rng.randbytes(rng.randrange(64))
    at = rng.randrange(len(data))
    ways = (
        lambda: data[:at],
        lambda: data[at:],
        lambda: data[:at] + data,
        lambda: data[:at] + rng.randbytes(rng.randrange(1, 40)) + data[at:],
        lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
        lambda: data[:at] + data[at : at + 40] * 50 + data[at:],
        lambda: data[:at] + b"\xff" * rng.randrange(1, 9) + data[at + 8 :],
    )
    return rng.choice(ways)()


def word(rng: random.Random, length: int = 12) -> str:
    return "".join(rng.choices(string.ascii_lowercase + string.digits, k=length))
