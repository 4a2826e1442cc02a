"""door-agent beside mqtt-io and a program in C, on a simulated chip. See README.md for what the rows mean."""

import contextlib
import json
import pathlib
import tempfile
import time

from . import contenders
from .contenders import DEBOUNCE
from .figures import Row, at_most, compare
from .processes import Failure, free_port, mosquitto, run
from .usage import watch

BENCHMARKS = pathlib.Path(__file__).parent.parent
# What one program needs at most for its start and its edges, in seconds.
TURN_LIMIT = 120
VARIANTS = 7
# What a program does at its start is over by then.
CALM_SECONDS = 10


def in_guest(part, options, limit, **more):
    """Runs a part of guest.py in the testbed, and returns its figures."""
    own = {
        "agent": str(options.programs.absolute() / "door-agent"),
        "c_program": str(options.peers.absolute() / "gpiod-mosquitto"),
        "edges": str(options.peers.absolute() / "edges"),
        "python": str(options.mqtt_io.absolute()),
        "runs": options.runs,
        **more,
    }
    finished = run(
        [BENCHMARKS.parent / "Tests" / "Testbed" / "run", "--timeout", limit, "--"]
        + ["python3", "-B", "-m", "measure.guest", part, json.dumps(own)],
        # The kernel may have to be built first.
        limit=limit + 3600,
    )
    lines = [line for line in finished.output.splitlines() if line.startswith("figures ")]
    if len(lines) != 1:
        raise Failure(f"the guest has not told its figures: {finished.output[-2000:]}")
    return json.loads(lines[0].removeprefix("figures "))


def latency(options):
    """From the moment at which the line moves to the message's arrival at a subscriber."""
    # In the checkout: what is temporary may be in memory.
    with tempfile.TemporaryDirectory(prefix="journal-", dir=options.peers.absolute().parent) as disk:
        limit = options.runs * VARIANTS * TURN_LIMIT
        seen = in_guest("times", options, limit, disk=disk)

    def shown(names, figure, waits):
        """Milliseconds, less what each program waits because it is told to."""
        return {name: {"ms": seen[source][figure] / 1000 - waits[name]} for name, source in names.items()}

    same = {name: name for name in ("ours", "mqtt-io, polling", "mqtt-io", "C", "C, journal")}
    on_disk = {"ours": "ours, disk", "C": "C", "C, journal": "C, journal, disk"}
    # mqtt-io publishes the first edge at once.
    waits = {name: 0 if name.startswith("mqtt-io") else DEBOUNCE for name in same}
    nothing = dict.fromkeys(waits, 0)
    # With interrupts not even the C program is five times ahead of mqtt-io.
    goals = {"mqtt-io, polling": at_most("ratio", 0.2), "mqtt-io": at_most("ratio", 1), "C": at_most("ratio", 1.5)}
    name = "edge to message"
    return [
        *compare(f"{name}, beyond the wait, median", "ms", "ms", shown(same, "p50_us", waits), goals),
        *compare(f"{name}, beyond the wait, p99", "ms", "ms", shown(same, "p99_us", waits)),
        *compare(
            f"{name}, beyond the wait, median, journal on disk", "ms", "ms", shown(on_disk, "p50_us", waits)
        ),
        *compare(f"{name}, all of it, median", "ms", "ms", shown(same, "p50_us", nothing)),
    ]


def glitches(options):
    """A line that is high for 5 ms has not changed."""
    seen = in_guest("glitches", options, VARIANTS * TURN_LIMIT)
    goals = {"mqtt-io": at_most("ours", 0)}
    return compare("wrong state after a glitch", "of 20", "wrong", seen, goals)


def idle(options):
    """What the programs take while nothing happens, connected by TLS."""
    certificate, key = options.folder / "certificate.pem", options.folder / "key.pem"
    run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", 2]
        + ["-keyout", key, "-out", certificate]
    )
    limit = VARIANTS * TURN_LIMIT + options.seconds
    seen = in_guest("idle", options, limit, certificate=str(certificate), key=str(key), seconds=options.seconds)
    of_ours = {"peak": 20, "wakes_per_second": 1}
    rows = [
        ("memory at its peak", "MiB", "peak"),
        ("memory", "MiB", "resident"),
        ("memory of its own", "MiB", "anonymous"),
        ("wake-ups", "1/s", "wakes_per_second"),
        ("processor, by the guest's ticks", "%", "processor_percent"),
    ]
    processor = _processor(options, certificate, key)
    return [
        row
        for name, unit, figure in rows
        for row in compare(
            f"idle, {name}",
            unit,
            figure,
            seen,
            {"mqtt-io": at_most("ours", of_ours[figure])} if figure in of_ours else None,
        )
    ] + [Row("idle, processor, no guest", "%", processor, goal=at_most("ours", 0.1))]


def _processor(options, certificate, key):
    """Ours on this machine, where the kernel counts nanoseconds, with a simulated door."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        secure = free_port()
        lines = ["log_type error", f"listener {secure} 127.0.0.1", f"certfile {certificate}", f"keyfile {key}"]
        stack.enter_context(mosquitto(folder, lines))
        door = folder / "door"
        door.write_text("closed")
        settings = folder / "agent.toml"
        broker = contenders.Broker(secure, certificate)
        settings.write_text(
            contenders.agent_settings(broker, folder / "journal.sqlite", [f'simulated = "{door}"'])
        )
        agent = contenders.Contender([options.programs / "door-agent", "--config", settings], "")
        process = stack.enter_context(contenders.running(agent, folder))
        time.sleep(CALM_SECONDS)
        return watch([process], options.seconds)[0].processor_percent


parts = {"latency": latency, "glitches": glitches, "idle": idle}
