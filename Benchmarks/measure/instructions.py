"""Instructions a message, counted by callgrind.

Each is the difference between a run with twice as many messages and one with the simple number, so that what a
process does once drops out. Functions are found by their mangled names, whose inclusive costs are those of all
that they call.
"""

import json
import pathlib
import platform
import re
import subprocess

from .processes import Failure, run, sink

COUNT = 10_000
# One call of publish at a time, so that bursts do not depend on the threads' fortune.
CALLS = 1
WINDOW = 100
FILE = pathlib.Path(__file__).parent.parent / "instructions.json"

WHOLE = None
ENCODE = r"\$s12MQTTProtocol6PacketO6encode4into7version"
DECODE = r"\$s12MQTTProtocol13PacketDecoderV4next"
# What is shown, in which run, and the function.
FIGURES = {
    "publish, all": ("publish", WHOLE),
    "encode PUBLISH": ("publish", ENCODE),
    "decode PUBACK": ("publish", DECODE),
    "receive, all": ("receive", WHOLE),
    "decode PUBLISH": ("receive", DECODE),
    "encode PUBACK": ("receive", ENCODE),
}


def count(program, peers, folder):
    # Callgrind 3.19 does not read the compiler's debugging information.
    stripped = folder / "stripped"
    run(["strip", "--strip-debug", "-o", stripped, program])
    costs = {
        (kind, times): _profile(stripped, peers, folder, kind, times * COUNT)
        for kind in ("publish", "receive")
        for times in (1, 2)
    }
    return {
        name: (_cost(costs[kind, 2], function) - _cost(costs[kind, 1], function)) / COUNT
        for name, (kind, function) in FIGURES.items()
    }


def _profile(program, peers, folder, kind, messages):
    """The lines of the profile of one run: inclusive costs, and functions."""
    profile = folder / f"{kind}-{messages}"
    with sink(peers, WINDOW, send=messages if kind == "receive" else 0) as target:
        last = CALLS if kind == "publish" else "bench-instructions"
        run(
            ["valgrind", "--tool=callgrind", "--fair-sched=yes", f"--callgrind-out-file={profile}"]
            + [program, kind, target.port, messages, last],
            environment={"SWIFT_DETERMINISTIC_HASHING": "1"},
        )
    return run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", profile]).output


def _cost(profile, function):
    pattern = r"PROGRAM TOTALS" if function is WHOLE else rf".*:{function}"
    costs = re.findall(rf"^ *([0-9,]+) \([^)]*\)  {pattern}", profile, re.MULTILINE)
    if not costs:
        raise Failure(f"the profile has no function {function}: was it renamed?")
    # Its own closures begin with the same name, and are part of it.
    return max(int(cost.replace(",", "")) for cost in costs)


def _compiler():
    version = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"Swift version ([0-9.]+)", version)
    if not match:
        raise Failure(f"`swift --version` says {version!r}")
    return f"Swift {match[1]}, {platform.machine()}"


def recorded():
    """What was recorded with this compiler for this kind of processor; other figures say nothing here."""
    if not FILE.exists():
        return {}
    return json.loads(FILE.read_text()).get(_compiler(), {})


def record(figures):
    """Keeps what other compilers have recorded."""
    everything = json.loads(FILE.read_text()) if FILE.exists() else {}
    everything[_compiler()] = {name: round(value) for name, value in figures.items()}
    FILE.write_text(json.dumps(everything, indent=2, sort_keys=True) + "\n")
