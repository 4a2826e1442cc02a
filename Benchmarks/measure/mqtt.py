"""The MQTT client beside mosquitto's tools, libmosquitto and Paho C. See README.md for what the rows mean."""

import contextlib
import sys

from . import instructions
from .figures import Row, at_least, at_most, compare, in_turn
from .processes import NotPermitted, free_port, mosquitto, pinned, run, sink, two_cores, write_calls

TOPIC = "bench/messages"
PAYLOAD_SIZE = 100

# mosquitto_pub -l ends at the acknowledgement that has the last message's packet identifier. With more than
# 65,535 messages that comes too early, and the rest is lost.
BROKER_COUNT = 60_000
IN_FLIGHT = 100
# As many calls of publish, with 100 messages each, keep the client's window full.
CALLS = 4

# For the sink, which is faster. Our client's queue has room for 1,000 messages.
SINK_COUNT = 400_000
SINK_PEER_COUNTS = {"mosquitto_pub -l": 60_000, "libmosquitto": 200_000, "Paho C": 60_000}
SINK_WINDOW = 1000
SINK_CALLS = 8

# The times of one run lie close together, and those of two runs do not: many short ones.
ROUND_TRIPS = 100
ROUND_TRIP_RUNS = 6
ROUND_TRIP_INTERVAL = 5000  # microseconds

OFFLINE_COUNT = 432_000

BROKER_LINES = [f"max_inflight_messages {IN_FLIGHT}", "max_queued_messages 0", "log_type error"]


def ours(options):
    return options.programs / "mqtt-bench"


def lines(options, count):
    """A file with the messages for mosquitto_pub, one a line."""
    path = options.folder / f"lines-{count}"
    if not path.exists():
        path.write_text("".join(f"{number:x<{PAYLOAD_SIZE}}\n" for number in range(count)))
    return path


def publishers(options, port, window, calls, counts):
    """Arguments and standard input of each program that publishes as many messages as `counts` has for it."""

    def count(name):
        return counts[name] if isinstance(counts, dict) else counts

    mosquitto_pub = ["mosquitto_pub", "-p", port, "-t", TOPIC, "-q", 1, "-M", window, "-l"]
    return {
        "ours": ([ours(options), "publish", port, count("ours"), calls], None),
        "mosquitto_pub -l": (mosquitto_pub, lines(options, count("mosquitto_pub -l"))),
        "libmosquitto": (
            [options.peers / "libmosquitto-client", "publish", port, count("libmosquitto"), window],
            None,
        ),
        "Paho C": ([options.peers / "paho-publish", "publish", port, count("Paho C"), window], None),
    }


def publish(options):
    """Quality of service 1 to mosquitto, 100 in flight."""

    def measured(arguments, source):
        def measure():
            finished = run(arguments, source)
            return {
                "rate": BROKER_COUNT / finished.seconds,
                "processor": finished.processor_seconds / BROKER_COUNT * 1e6,
            }

        return measure

    def counted(arguments, source):
        return lambda: {"calls": write_calls(arguments, source) / BROKER_COUNT}

    with mosquitto(options.folder, BROKER_LINES) as port:
        programs = publishers(options, port, IN_FLIGHT, CALLS, BROKER_COUNT)
        medians = in_turn(options.runs, {name: measured(*program) for name, program in programs.items()})
        try:
            calls = in_turn(options.runs, {name: counted(*program) for name, program in programs.items()})
        except NotPermitted as problem:
            print(problem, file=sys.stderr)
            calls = None

    reference = "mosquitto_pub -l"
    name = "publish to mosquitto"
    return [
        *compare(name, "messages/s", "rate", medians, {reference: at_least("ratio", 1)}),
        *compare(
            f"{name}, processor time", "µs/message", "processor", medians, {reference: at_most("ratio", 0.5)}
        ),
        *(
            compare(f"{name}, write calls", "calls/message", "calls", calls, {reference: at_most("ours", 0.1)})
            if calls
            else []
        ),
    ]


def receive(options):
    """Quality of service 1 out of mosquitto's queue, acknowledged after the handler."""
    filter = "bench/#"

    def measured(identifier, arguments, port):
        subscribe = ["mosquitto_sub", "-p", port, "-c", "-i", identifier, "-q", 1, "-t", filter, "-E"]
        fill = [options.peers / "libmosquitto-client", "publish", port, BROKER_COUNT, IN_FLIGHT]

        def measure():
            run(subscribe)
            run(fill)
            finished = run(arguments, discards_output=True)
            # Nobody keeps a session whose queue would slow the next program down.
            run(["mosquitto_sub", "-p", port, "-i", identifier, "-t", filter, "-E"])
            return {
                "rate": BROKER_COUNT / finished.seconds,
                "processor": finished.processor_seconds / BROKER_COUNT * 1e6,
            }

        return measure

    with mosquitto(options.folder, BROKER_LINES) as port:
        sub = ["mosquitto_sub", "-p", port, "-c", "-i", "rx-sub", "-q", 1, "-t", filter, "-C", BROKER_COUNT]
        library = [options.peers / "libmosquitto-client", "receive", port, BROKER_COUNT, "rx-library"]
        medians = in_turn(
            options.runs,
            {
                "ours": measured("rx-ours", [ours(options), "receive", port, BROKER_COUNT, "rx-ours"], port),
                "mosquitto_sub": measured("rx-sub", sub, port),
                "libmosquitto": measured("rx-library", library, port),
            },
        )

    reference = "mosquitto_sub"
    name = "receive from mosquitto"
    return [
        *compare(name, "messages/s", "rate", medians, {reference: at_least("ratio", 1)}),
        *compare(
            f"{name}, processor time", "µs/message", "processor", medians, {reference: at_most("ratio", 1)}
        ),
    ]


def against_sink(options):
    """Quality of service 1 to a sink that acknowledges everything; client and sink have a core each."""
    client_core, sink_core = two_cores()
    counts = {"ours": SINK_COUNT, **SINK_PEER_COUNTS}
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(sink(options.peers, SINK_WINDOW, core=sink_core))
        programs = publishers(options, target.port, SINK_WINDOW, SINK_CALLS, counts)

        def measured(name):
            arguments, source = programs[name]

            def measure():
                run([*pinned(client_core), *arguments], source)
                return {"rate": target.rate(counts[name])}

            return measure

        medians = in_turn(options.runs, {name: measured(name) for name in programs})
    goals = {"mosquitto_pub -l": at_least("ours", 400_000)}
    return compare("publish to the sink, one core", "messages/s", "rate", medians, goals)


def roundtrip(options):
    """From the call of publish through mosquitto to the handler, one message at a time."""
    client_core, broker_core = two_cores()
    return [
        *roundtrip_between(options, "a core each", client_core, broker_core, at_most("ratio", 1.1)),
        *roundtrip_between(options, "all on one core", client_core, client_core, None),
    ]


def roundtrip_between(options, placement, client_core, broker_core, goal):
    def measured(program, port):
        def measure():
            arguments = [program, "roundtrip", port, ROUND_TRIPS, ROUND_TRIP_INTERVAL]
            return {"p50": run([*pinned(client_core), *arguments]).value("p50_us")}

        return measure

    with mosquitto(options.folder, BROKER_LINES, core=broker_core) as port:
        medians = in_turn(
            options.runs * ROUND_TRIP_RUNS,
            {
                "ours": measured(ours(options), port),
                "libmosquitto": measured(options.peers / "libmosquitto-client", port),
            },
        )
    goals = {"libmosquitto": goal} if goal else {}
    return compare(f"round trip, {placement}", "µs", "p50", medians, goals)


def offline(options):
    """As many messages as a day has at five a second, each tried twice, without a broker and with a full queue."""

    def measure():
        finished = run([ours(options), "offline", free_port(), OFFLINE_COUNT, "-"])
        return {"growth": finished.value("growth_bytes") / 1024}

    medians = in_turn(options.runs, {"ours": measure})
    growth = medians["ours"]["growth"]
    return [Row("a day offline, full queue, growth", "KiB", growth, goal=at_most("ours", 1024))]


def counted_instructions(options):
    """Instructions of our client for a message, compared with those recorded."""
    seen = instructions.count(ours(options), options.peers, options.folder)
    if options.record:
        instructions.record(seen)
    recorded = instructions.recorded()
    return [
        Row(
            f"instructions, {name}",
            "instructions/message",
            value,
            "recorded" if name in recorded else None,
            recorded.get(name),
            at_most("ratio", 1.05) if name in recorded else None,
        )
        for name, value in seen.items()
    ]


parts = {
    "publish": publish,
    "receive": receive,
    "sink": against_sink,
    "roundtrip": roundtrip,
    "offline": offline,
    "instructions": counted_instructions,
}
