"""Times the README's commands in a fresh clone with an empty cache, as a new user meets them.

    python experiments/time_commands.py [--only NAME ...] [--keep DIR]

The rows go to reports/measured/commands.csv; a command that fails gives no row.
"""

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from keras_vsr.environment import processor_name  # noqa: E402 - after the line above
from keras_vsr.records import COMMAND_COLUMNS, read_rows, write_rows  # noqa: E402

ROWS = ROOT / "reports" / "measured" / "commands.csv"

# Name of the row: backend, arguments of make.
COMMANDS = {
    "set-up torch": ("torch", [".venv/installed-torch"]),
    "smoke torch": ("torch", ["reproduce", "RUN_OPTIONS=--preset smoke"]),
    "reproduce torch": ("torch", ["reproduce"]),
    "set-up tensorflow": ("tensorflow", [".venv/installed-tensorflow"]),
    "smoke tensorflow": ("tensorflow", ["reproduce", "RUN_OPTIONS=--preset smoke"]),
    "reproduce tensorflow": ("tensorflow", ["reproduce"]),
    "set-up jax": ("jax", [".venv/installed-jax"]),
    "smoke jax": ("jax", ["reproduce", "RUN_OPTIONS=--preset smoke"]),
    "reproduce jax": ("jax", ["reproduce"]),
    "set-up all": ("all three", [".venv/installed-all"]),
    "test": ("all three", ["test"]),
}


def main() -> int:
    """Runs the commands one after the other.

    Returns:
        Exit status: 0 if all of them succeeded.
    """
    parser = argparse.ArgumentParser(description="Time the README's commands in a fresh clone.")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--keep", type=Path, help="folder of the clone; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        clone = options.keep or Path(temporary) / "keras_vsr"
        if not clone.exists():
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        rows = {row["row"]: row for row in read_rows(ROWS)} if ROWS.exists() else {}
        failed = []
        for name in options.only:
            backend, arguments = COMMANDS[name]
            print(f"{name}: make {' '.join(arguments)}", flush=True)
            begun = time.perf_counter()
            made = subprocess.run(
                ["make", "-C", str(clone), *arguments],
                env=os.environ
                if backend == "all three"
                else os.environ | {"KERAS_BACKEND": backend},
                check=False,
            )
            seconds = time.perf_counter() - begun
            print(f"{name}: {seconds:.0f} s, exit status {made.returncode}", flush=True)
            if made.returncode:
                failed.append(name)
                rows.pop(name, None)
                continue
            rows[name] = {
                "row": name,
                "command": f"make {' '.join(arguments)}",
                "backend": backend,
                "seconds": round(seconds, 1),
                "device": processor_name(),
                "python_version": platform.python_version(),
                "date": datetime.date.today().isoformat(),
            }
            write_rows(ROWS, COMMAND_COLUMNS, [rows[key] for key in COMMANDS if key in rows])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
