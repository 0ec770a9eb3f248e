"""Nothing is installed for the app that nobody has looked at."""

from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
KNOWN = Path(__file__).resolve().parent / "known_packages.txt"


def requirements_in(path: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def installed_for_the_app() -> dict[str, str]:
    """Name → version of what `requirements.txt` brings, and what that brings."""
    found: dict[str, str] = {}
    waiting = requirements_in(ROOT / "requirements.txt")
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found:
            continue
        package = metadata.distribution(wanted.name)
        found[name] = package.version
        inner = (Requirement(each) for each in package.requires or ())
        extras = [{"extra": extra} for extra in ("", *wanted.extras)]
        waiting += [
            each
            for each in inner
            if each.marker is None or any(each.marker.evaluate(extra) for extra in extras)
        ]
    return found


def test_every_package_of_the_app_is_known_in_its_version() -> None:
    known = {canonicalize_name(each.name): each.specifier for each in requirements_in(KNOWN)}

    unknown = [
        f"{name} {version}"
        for name, version in sorted(installed_for_the_app().items())
        if name not in known or version not in known[name]
    ]

    assert unknown == []


def test_the_list_names_nothing_that_is_not_there() -> None:
    names = {canonicalize_name(each.name) for each in requirements_in(KNOWN)}

    assert names - set(installed_for_the_app()) == set()
