"""Measures one group of benchmarks, and prints its rows."""

import argparse
import pathlib
import signal
import sys
import tempfile

from . import agent, figures, mqtt, notifier

# A group is a module with `parts`: names, and functions that measure and return rows.
GROUPS = {"agent": agent, "mqtt": mqtt, "notifier": notifier}


def main():
    parser = argparse.ArgumentParser(prog="Benchmarks/run", add_help=False)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    # The Python that has it.
    parser.add_argument("--mqtt-io", type=pathlib.Path)
    # The program itself.
    parser.add_argument("--mqttwarn", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--check-instructions", action="store_true")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs has to be 1 or more")
    if options.seconds < 1:
        parser.error("--seconds has to be 1 or more")
    if options.check_instructions or options.record:
        options.only = ["instructions"]
    parts = GROUPS[options.group].parts
    for name in options.only:
        if name not in parts:
            parser.error(f"'{name}' is no part of {options.group}: it has {', '.join(parts)}")

    # In the way of an exception, so that nothing is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        options.folder = pathlib.Path(folder)
        for name, measure in parts.items():
            if options.only and name not in options.only:
                continue
            print(f"measuring: {name}", file=sys.stderr)
            for row in measure(options):
                rows.append(row)
                if options.json:
                    print(row.json(), flush=True)
    if not options.json:
        print(figures.table(rows))
    missed = [row for row in rows if row.met is False]
    return 1 if missed else 0


sys.exit(main())
