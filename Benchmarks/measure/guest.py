"""The guest's half of the agent's benchmarks: run by agent.py in the testbed, prints its figures as a line of JSON.

usage: python3 -m measure.guest times|glitches|idle OPTIONS, where OPTIONS is JSON
"""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

from . import contenders
from .figures import in_turn
from .processes import free_port, mosquitto, run
from .usage import watch

CONFIGURATION = pathlib.Path("/sys/kernel/config/gpio-sim")
EDGES = 200
GLITCHES = 20
# What a program does at its start is over by then.
CALM_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Chip:
    label: str
    path: str
    pull: pathlib.Path


@contextlib.contextmanager
def chip(label):
    """A simulated chip with one line, `front`, which is low."""
    folder = CONFIGURATION / label
    bank = folder / "bank0"
    line = bank / "line0"
    line.mkdir(parents=True)
    (bank / "num_lines").write_text("1")
    (bank / "label").write_text(label)
    (line / "name").write_text("front")
    (folder / "live").write_text("1")
    try:
        device = (folder / "dev_name").read_text().strip()
        name = (bank / "chip_name").read_text().strip()
        yield Chip(label, f"/dev/{name}", pathlib.Path(f"/sys/devices/platform/{device}/{name}/sim_gpio0/pull"))
    finally:
        (folder / "live").write_text("0")
        for part in (line, bank, folder):
            part.rmdir()


@contextlib.contextmanager
def disk(folder):
    """A folder of the host's, which the guest otherwise only reads; a sync there is one of the host's disk."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["mount", "-t", "hostfs", "-o", folder, "hostfs", place], check=True)
        try:
            yield pathlib.Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


def programs(options):
    """For each contender, what makes it, given its place."""
    return {
        "ours": lambda place: contenders.ours(options["agent"], place),
        "mqtt-io": lambda place: contenders.mqtt_io(options["python"], place),
        "C": lambda place: contenders.c_program(options["c_program"], place),
    }


def moved(options, how, count, variants, runs):
    """Runs the driver of the line with each contender, in turn, all with the same chip and broker."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        door = stack.enter_context(chip("doors"))
        port = stack.enter_context(mosquitto(folder, ["log_type error"]))

        def measured(make):
            def measure():
                with tempfile.TemporaryDirectory() as own:
                    own = pathlib.Path(own)
                    place = contenders.Place(contenders.Broker(port), own, door.label, door.path, "front")
                    contender = make(place)
                    with contenders.running(contender, own):
                        finished = run([options["edges"], how, port, contender.topic, door.pull, count])
                        names = ("p50_us", "p99_us") if how == "times" else ("wrong",)
                        return {name: finished.value(name) for name in names}

            return measure

        return in_turn(runs, {name: measured(make) for name, make in variants.items()})


def times(options):
    with disk(options["disk"]) as journals:

        def polling(place):
            return contenders.mqtt_io(options["python"], place, polls=True)

        def empty():
            for old in journals.iterdir():
                old.unlink()
            return journals

        c_program = options["c_program"]
        variants = programs(options) | {
            "mqtt-io, polling": polling,
            "C, journal": lambda place: contenders.c_program(c_program, place, place.folder),
            "ours, disk": lambda place: contenders.ours(options["agent"], place, empty()),
            "C, journal, disk": lambda place: contenders.c_program(c_program, place, empty()),
        }
        return moved(options, "times", EDGES, variants, options["runs"])


def glitches(options):
    return moved(options, "glitches", GLITCHES, programs(options), 1)


def idle(options):
    """Connected by TLS, with a line each, and all watched at the same time."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        secure = free_port()
        port = stack.enter_context(
            mosquitto(
                folder,
                [
                    "log_type error",
                    f"listener {secure} 127.0.0.1",
                    f"certfile {options['certificate']}",
                    f"keyfile {options['key']}",
                ],
            )
        )
        broker = contenders.Broker(secure, options["certificate"])
        processes = {}
        for name, make in programs(options).items():
            own = folder / name
            own.mkdir()
            door = stack.enter_context(chip(name))
            contender = make(contenders.Place(broker, own, door.label, door.path, "front"))
            processes[name] = stack.enter_context(contenders.running(contender, own))
            # It answers, so it is connected.
            run([options["edges"], "times", port, contender.topic, door.pull, 10])
        watch(list(processes.values()), CALM_SECONDS)
        usages = watch(list(processes.values()), options["seconds"])
        return {name: dataclasses.asdict(usage) for name, usage in zip(processes, usages)}


if __name__ == "__main__":
    part = {"times": times, "glitches": glitches, "idle": idle}[sys.argv[1]]
    print("figures", json.dumps(part(json.loads(sys.argv[2]))))
