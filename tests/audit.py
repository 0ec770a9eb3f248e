"""
Asks a service of known vulnerabilities about what the app installs: `python -m tests.audit`.

Ends with 1 only if one is known. Where `pip-audit` is not installed, or the service cannot be
reached or does not know the packages, it says so and ends with 0: `test_dependencies` holds what
is installed against the list of what was reviewed, with or without a network.
"""

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
WITHIN_S = 120


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", str(REQUIREMENTS), "--format", "json"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S)
        packages = json.loads(told.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        sys.stdout.write("No vulnerabilities were looked up: there is no answer from pip-audit.\n")
        return 0
    known = [
        f"{each['name']} {each['version']}: {vuln['id']}"
        for each in packages
        for vuln in each.get("vulns", ())
    ]
    asked = sum("skip_reason" not in each for each in packages)
    sys.stdout.write(f"{asked} of {len(packages)} packages were looked up.\n")
    sys.stdout.writelines(f"{line}\n" for line in known)
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
