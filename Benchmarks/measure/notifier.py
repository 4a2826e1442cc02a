"""door-notifier with a real mosquitto, and mqttwarn beside it. See README.md for what the rows mean."""

import contextlib
import dataclasses
import http.server
import json
import pathlib
import random
import re
import select
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time

from . import history_store
from .figures import Row, at_least, at_most, compare, in_turn
from .processes import Failure, background, mosquitto, run

# For whoever is away everything waits, as deploy/mosquitto/dooralarm.conf has it.
BROKER_LINES = ["max_queued_messages 0", "max_queued_bytes 0", "log_type error"]

DOORS_PER_AGENT = 100
INTAKE_DOORS = 1000
INTAKE_TRANSITIONS = 100  # of each door
MANY_DOORS = 10_000
MANY_TRANSITIONS = 10
# How often the store is asked whether it has everything, in seconds. An answer can be late by as much.
POLL = 0.02
# For what takes seconds.
LIMIT = 300

OPENINGS = 300
# Between two changes of the door, in seconds; never as long as before, so that no clock of anybody's keeps step.
PAUSE = (0.02, 0.04)

HISTORY_DOORS = 1000
HISTORY_TRANSITIONS = 10_000_000
# A hundred transitions of each door a day.
HISTORY_DAYS = 100
QUERIES = 200


# Programs and their settings


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a notifier has its store and its settings, and which broker is its own."""

    folder: pathlib.Path
    port: int
    program: pathlib.Path

    @property
    def store(self):
        return self.folder / "store.sqlite"

    def write_settings(self, doors, channel='type = "log"'):
        """One area with the doors of `peers/doors.c`; every opening while it is armed is an alarm."""
        lines = [
            'id = "bench"',
            f'store = "{self.store}"',
            "[broker]",
            'host = "127.0.0.1"',
            f"port = {self.port}",
            "[[area]]",
            'id = "home"',
            "entry_delay_s = 0",
            "exit_delay_s = 0",
            "siren_s = 0",
            "[[channel]]",
            'id = "channel"',
            channel,
        ]
        for number in range(doors):
            agent, door = divmod(number, DOORS_PER_AGENT)
            lines += [
                "[[door]]",
                f'agent = "agent-{agent}"',
                f'id = "door-{door}"',
                'area = "home"',
                'response = "instant"',
                "trip_limit = 10000",
            ]
        (self.folder / "notifier.toml").write_text("\n".join([*lines, ""]))


class Running:
    """A program, and what it says on standard error."""

    def __init__(self, process):
        self.process = process
        self._said = []
        self._news = threading.Condition()
        self._has_ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stderr:
            with self._news:
                self._said.append((time.monotonic(), line.rstrip("\n")))
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def time_of(self, pattern):
        """When it said a line that has the pattern in it; waits for it."""

        def found():
            return next((moment for moment, line in self._said if re.search(pattern, line)), None)

        with self._news:
            self._news.wait_for(lambda: found() is not None or self._has_ended, LIMIT)
            moment = found()
        if moment is None:
            raise Failure(f"'{pattern}' was not said: {self.said}")
        return moment

    @property
    def said(self):
        with self._news:
            return "\n".join(line for _, line in self._said[-20:])

    def end(self):
        """Asks it to end, and waits for that."""
        self.process.terminate()
        if self.process.wait(60) != 0:
            raise Failure(f"it ended with {self.process.returncode}: {self.said}")


@contextlib.contextmanager
def notifier(place):
    """door-notifier until the block ends."""
    arguments = [place.program, "--config", place.folder / "notifier.toml"]
    with background(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        yield Running(process)


@contextlib.contextmanager
def broker(options):
    """A mosquitto, and a folder on disk: what is temporary may be in memory, where a sync costs nothing."""
    with tempfile.TemporaryDirectory(prefix="notifier-", dir=options.peers.absolute().parent) as name:
        folder = pathlib.Path(name)
        with mosquitto(folder, BROKER_LINES) as port:
            yield Place(folder, port, options.programs.absolute() / "door-notifier")


def flood(options, port, doors, first, count):
    """Publishes `count` transitions of every door."""
    agents = doors // DOORS_PER_AGENT
    run([options.peers / "doors", "flood", port, agents, DOORS_PER_AGENT, first, count])


# Intake


class StoreWatch:
    """Looks into a notifier's store while the notifier works."""

    def __init__(self, path):
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def count(self):
        """How many transitions it holds: their ids have no gaps."""
        try:
            return self._database.execute("SELECT MAX(id) FROM history").fetchone()[0] or 0
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            # The notifier is just opening it.
            return 0

    def wait_for(self, count, running):
        """Waits until it holds so many, and returns when that was."""
        deadline = time.monotonic() + LIMIT
        while (seen := self.count()) < count:
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"the store holds {seen} of {count} transitions: {running.said}")
            time.sleep(POLL)
        moment = time.monotonic()
        if seen != count:
            raise Failure(f"the store holds {seen} transitions, and {count} were published")
        return moment

    def close(self):
        self._database.close()


def peak_memory(process):
    """The most memory that it ever had, in MiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s*([0-9]+)", status, re.MULTILINE)[1]) / 1024


def take_in(options, doors, count, goes_on=False):
    """What has come while the notifier was away; with `goes_on` as much again while it is there."""
    with broker(options) as place:
        place.write_settings(doors)
        with notifier(place) as first:
            first.time_of(r" connected ")
            first.end()
        flood(options, place.port, doors, 1, count)
        all_transitions = doors * count
        with contextlib.closing(StoreWatch(place.store)) as watch:
            start = time.monotonic()
            with notifier(place) as running:
                seconds = watch.wait_for(all_transitions, running) - start
                figures = {"rate": all_transitions / seconds, "seconds": seconds}
                if goes_on:
                    figures["peak"] = peak_memory(running.process)
                    flood(options, place.port, doors, 1 + count, count)
                    watch.wait_for(2 * all_transitions, running)
                    figures["later_peak"] = peak_memory(running.process)
                    figures["growth"] = (figures["later_peak"] / figures["peak"] - 1) * 100
                running.end()
    return figures


def write_mqttwarn_settings(place, output):
    """The same topics for mqttwarn, with a session that outlives it, and its target `file`."""
    settings = {
        "defaults": {
            "hostname": "'127.0.0.1'",
            "port": place.port,
            "clientid": "'mqttwarn'",
            "cleansession": False,
            # What is retained comes once more at every start.
            "skipretained": True,
            # 3.1.1
            "protocol": 4,
            # It would write several lines a message.
            "loglevel": "ERROR",
            "launch": "file",
        },
        "config:file": {"append_newline": True, "targets": {"transitions": [str(output)]}},
        "doors": {"topic": "dooralarm/+/door/+", "qos": 1, "targets": "file:transitions"},
    }
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    (place.folder / "mqttwarn.ini").write_text("\n".join([*lines, ""]))


@contextlib.contextmanager
def mqttwarn(options, place):
    """mqttwarn until the block ends."""
    arguments = [options.mqttwarn.absolute(), "--config-file", place.folder / "mqttwarn.ini"]
    with background(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        yield Running(process)


class FileWatch:
    """Counts the lines of a file that grows."""

    def __init__(self, path):
        path.touch()
        self._file = open(path, "rb")
        self._lines = 0

    def wait_for(self, count, running):
        """Waits until it has so many, and returns when that was."""
        deadline = time.monotonic() + LIMIT
        while True:
            self._lines += self._file.read().count(b"\n")
            moment = time.monotonic()
            if self._lines >= count:
                return moment
            if running.process.poll() is not None or moment > deadline:
                raise Failure(f"mqttwarn has written {self._lines} of {count} lines: {running.said}")
            time.sleep(POLL)

    def close(self):
        self._file.close()


def take_in_by_mqttwarn(options, doors, count):
    """The same stream, into a line of a file each."""
    with broker(options) as place:
        output = place.folder / "transitions"
        write_mqttwarn_settings(place, output)
        with contextlib.closing(FileWatch(output)) as watch:
            with mqttwarn(options, place) as first:
                # It does not say when it has subscribed: what it writes does.
                deadline = time.monotonic() + LIMIT
                while not output.stat().st_size:
                    if time.monotonic() > deadline:
                        raise Failure(f"mqttwarn does not listen: {first.said}")
                    run(["mosquitto_pub", "-p", place.port, "-q", 1, "-t", "dooralarm/a/door/b", "-m", "{}"])
                    time.sleep(POLL)
                # It ends when it has written what it has taken, and with the signal's number.
                first.process.terminate()
                first.process.wait(60)
            before = output.read_bytes().count(b"\n")
            flood(options, place.port, doors, 1, count)
            start = time.monotonic()
            with mqttwarn(options, place) as running:
                seconds = watch.wait_for(before + doors * count, running) - start
                peak = peak_memory(running.process)
    return {"rate": doors * count / seconds, "peak": peak}


def intake(options):
    """Transitions that wait in the broker's queue, until the store has all of them."""
    medians = in_turn(
        options.runs,
        {
            "ours": lambda: take_in(options, INTAKE_DOORS, INTAKE_TRANSITIONS, goes_on=True),
            "mqttwarn": lambda: take_in_by_mqttwarn(options, INTAKE_DOORS, INTAKE_TRANSITIONS),
        },
    )
    by_doors = in_turn(
        options.runs,
        {
            "few": lambda: take_in(options, INTAKE_DOORS, MANY_TRANSITIONS),
            "many": lambda: take_in(options, MANY_DOORS, MANY_TRANSITIONS),
        },
    )
    ours = medians["ours"]
    rate = {"mqttwarn": at_least("ours", 20_000)}
    times = by_doors["many"]["seconds"] / by_doors["few"]["seconds"]
    return [
        *compare("intake, 1,000 doors", "transitions/s", "rate", medians, rate),
        *compare("intake, memory at its peak", "MiB", "peak", medians),
        Row("intake, memory at its peak, after as many again", "MiB", ours["later_peak"]),
        Row("intake, growth of that", "%", ours["growth"], goal=at_most("ours", 10)),
        Row("intake, 10,000 doors", "transitions/s", by_doors["many"]["rate"]),
        Row("intake, time for ten times the doors", "times", times, goal=at_most("ours", 10)),
    ]


# Latency


class Webhook:
    """A web server on the loopback interface that notes when a request's first bytes came."""

    def __init__(self):
        self.arrivals = []
        self._news = threading.Condition()
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            # Connections stay open, as those of a real server.
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                select.select([self.connection], [], [])
                self.arrival = time.monotonic_ns()
                super().handle_one_request()

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                webhook._note(self.arrival, body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/alarm"

    def _note(self, arrival, body):
        with self._news:
            self.arrivals.append((arrival, body))
            self._news.notify_all()

    def next(self, count):
        """When and with what the request after the first `count` came."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.arrivals) > count, 10):
                raise Failure("the webhook has got no request for an alarm")
            return self.arrivals[count]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def alarms(place, webhook, doors):
    """Opens and closes the armed door again and again; milliseconds from publishing to the webhook."""
    filter, numbers = "dooralarm/area/home/alarm", random.Random(1)

    def change():
        """The door's next transition; returns when it was published."""
        doors.stdin.write("\n")
        return int(doors.stdout.readline())

    # The first that is known of the door: it is closed, and the area can be armed.
    change()
    deadline = time.monotonic() + LIMIT
    while True:
        run(["mosquitto_pub", "-p", place.port, "-q", 1, "-t", f"{filter}/set", "-m", "ARM_AWAY"])
        seen = run(["mosquitto_sub", "-p", place.port, "-t", filter, "-C", 1, "-W", 10])
        if json.loads(seen.output)["state"] == "armed_away":
            break
        if time.monotonic() > deadline:
            raise Failure(f"the area is not armed: {seen.output}")
        time.sleep(POLL)
    times = []
    for number in range(OPENINGS):
        time.sleep(numbers.uniform(*PAUSE))
        opened = change()
        arrival, body = webhook.next(number)
        if body["kind"] != "opened" or body["stage"] != "raised":
            raise Failure(f"the webhook has got another message: {body}")
        times.append((arrival - opened) / 1e6)
        time.sleep(numbers.uniform(*PAUSE))
        change()
    percentiles = statistics.quantiles(times, n=100)
    return {"p50": percentiles[49], "p99": percentiles[98]}


def latency(options):
    """From the publishing of an opening to the request that tells of it."""

    def measure():
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(broker(options))
            webhook = stack.enter_context(contextlib.closing(Webhook()))
            place.write_settings(1, f'type = "webhook"\nurl = "{webhook.address}"')
            running = stack.enter_context(notifier(place))
            running.time_of(r" connected ")
            doors = stack.enter_context(
                background(
                    [options.peers.absolute() / "doors", "single", place.port, 1],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    bufsize=1,
                )
            )
            return alarms(place, webhook, doors)

    medians = in_turn(options.runs, {"ours": measure})["ours"]
    return [
        Row("opening to webhook, median", "ms", medians["p50"]),
        Row("opening to webhook, p99", "ms", medians["p99"], goal=at_most("ours", 20)),
    ]


# History

# What the notifier asks for the history of a door: StoreTransaction.history in Sources/AlarmStore.
DOOR_NUMBER = "SELECT id FROM door WHERE agent = ? AND door = ?"
# Walks back from the newest, to the first that has arrived since then.
DOOR_ARRIVALS = "SELECT id, received_ms FROM history WHERE door = ? ORDER BY id DESC"
DOOR_HISTORY = """
    SELECT *, CASE manner WHEN 'replayed' THEN COALESCE((
        SELECT MIN(later.id) FROM history AS later
        WHERE later.door = history.door AND later.journal = history.journal AND later.seq > history.seq
          AND later.manner <> 'replayed'
      ), id) ELSE id END AS place
    FROM history WHERE door = ? AND id >= ? ORDER BY place, seq, id
"""


def door_history(database, agent, door, since):
    """The transitions of a door that have arrived since then."""
    (number,) = database.execute(DOOR_NUMBER, [agent, door]).fetchone()
    first = None
    for identity, received in database.execute(DOOR_ARRIVALS, [number]):
        if received < since:
            break
        first = identity
    return [] if first is None else database.execute(DOOR_HISTORY, [number, first]).fetchall()


def ask_for_last_days(path):
    """Milliseconds of asking for the last day of some doors, and of reading what is answered."""
    since = int(time.time() * 1000) - 86_400_000
    times, numbers = [], random.Random(1)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for _ in range(QUERIES):
            agent, door = divmod(numbers.randrange(HISTORY_DOORS), DOORS_PER_AGENT)
            start = time.monotonic()
            rows = door_history(database, f"agent-{agent}", f"door-{door}", since)
            times.append((time.monotonic() - start) * 1000)
            if not 0 < len(rows) < 2 * HISTORY_TRANSITIONS / HISTORY_DOORS / HISTORY_DAYS:
                raise Failure(f"a door has had {len(rows)} transitions in the last day")
    percentiles = statistics.quantiles(times, n=100)
    return {"p50": percentiles[49], "p99": percentiles[98]}


def history(options):
    """A start with a long history, and what a door has done in the last day."""
    with broker(options) as place:
        place.write_settings(HISTORY_DOORS)

        def start():
            begin = time.monotonic()
            with notifier(place) as running:
                seconds = running.time_of(r" connected ") - begin
                asked = ask_for_last_days(place.store)
                running.end()
            return {"seconds": seconds, **asked}

        with notifier(place) as running:
            running.time_of(r" connected ")
            running.end()
        history_store.fill(place.store, HISTORY_DOORS, DOORS_PER_AGENT, HISTORY_TRANSITIONS, HISTORY_DAYS)
        size = place.store.stat().st_size / 2**30
        medians = in_turn(options.runs, {"ours": start})["ours"]
    return [
        Row("start, 10 million transitions", "s", medians["seconds"], goal=at_most("ours", 2)),
        Row("a door's last day, median", "ms", medians["p50"], goal=at_most("ours", 10)),
        Row("a door's last day, p99", "ms", medians["p99"]),
        Row("size of the store, 10 million transitions", "GiB", size),
    ]


parts = {"intake": intake, "latency": latency, "history": history}
