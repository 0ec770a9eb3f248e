"""The tables of README that are declared in code; `python -m tests.readme_tables` writes them in."""

import re
from pathlib import Path

from playground.config import VARIABLES
from playground.schema import Mark, Run, Vote, column_info

README = Path(__file__).resolve().parent.parent / "README.md"


def settings_table() -> str:
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else "not set"
        rows.append(f"| `{variable.name}` | {default} | {variable.meaning} |")
    return "\n".join(rows)


def columns_table(record_type: type) -> str:
    rows = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    group = ""
    for name, info in column_info(record_type).items():
        if info["group"] != group:
            group = info["group"]
            rows.append(f"| **{group}** | | | |")
        rows.append(f"| `{name}` | {info['dtype']} | {info['unit']} | {info['meaning']} |")
    return "\n".join(rows)


TABLES = {
    "settings": settings_table,
    "columns": lambda: columns_table(Run),
    "vote columns": lambda: columns_table(Vote),
    "mark columns": lambda: columns_table(Mark),
}


def with_tables(text: str) -> str:
    """README with each table as the code says it now."""
    for name, table in TABLES.items():
        text = re.sub(
            rf"<!-- {name} -->\n(?:\n?\|.*\n)*",
            lambda _, name=name, table=table: f"<!-- {name} -->\n\n{table()}\n",
            text,
        )
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
