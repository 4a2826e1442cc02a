"""The programs that are measured, and those that they talk to."""

import contextlib
import dataclasses
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time

# No run takes nearly as long that does not say so, in seconds.
LIMIT = 300


class Failure(Exception):
    """A program did not do what it should."""


class NotPermitted(Failure):
    """The machine does not let us measure this."""


@dataclasses.dataclass(frozen=True)
class Finished:
    # Of the whole process.
    seconds: float
    processor_seconds: float
    output: str

    def value(self, name):
        """The figure that the program has printed as `name value`."""
        match = re.search(rf"^{name} ([0-9.e+-]+)$", self.output, re.MULTILINE)
        if not match:
            raise Failure(f"no line '{name} …' in the output: {self.output!r}")
        return float(match[1])


def run(arguments, source=None, discards_output=False, environment=None, limit=LIMIT):
    """Runs a program to its end; fails if it does or if it takes too long.

    The processor time is that of the process and its threads, user and system, as the kernel counts it.
    """
    arguments = [str(argument) for argument in arguments]
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(tempfile.TemporaryFile(mode="w+"))
        errors = stack.enter_context(tempfile.TemporaryFile(mode="w+"))
        start = time.monotonic()
        process = subprocess.Popen(
            arguments,
            stdin=stack.enter_context(open(source or os.devnull)),
            stdout=subprocess.DEVNULL if discards_output else output,
            stderr=errors,
            env=os.environ | (environment or {}),
        )
        watchdog = threading.Timer(limit, lambda: os.kill(process.pid, 9))
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            # We are asked to end: so is it.
            watchdog.cancel()
            process.terminate()
            process.wait()
            raise
        seconds = time.monotonic() - start
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            raise Failure(
                f"'{' '.join(arguments)}' ended with {process.returncode} after {seconds:.1f} s: "
                f"{(output.read() + errors.read())[-2000:]}"
            )
        return Finished(seconds, usage.ru_utime + usage.ru_stime, output.read())


WRITE_CALLS = ("write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg", "sendmmsg")


def write_calls(arguments, source=None):
    """How many write system calls a program makes, those that wake its own threads included.

    Counted by perf, which does not slow the program down: a slower one would write more at a time.
    """
    with tempfile.NamedTemporaryFile(mode="r", prefix="calls-") as summary:
        events = ",".join(f"syscalls:sys_enter_{call}" for call in WRITE_CALLS)
        try:
            run(["perf", "stat", "-x", ",", "-o", summary.name, "-e", events, *arguments], source)
        except Failure as failure:
            raise NotPermitted(f"system calls are not counted, for which perf needs root: {failure}") from None
        counts = re.findall(r"^([0-9]+),", summary.read(), re.MULTILINE)
        if len(counts) != len(WRITE_CALLS):
            raise Failure("perf has not counted all kinds of write calls")
        return sum(map(int, counts))


@contextlib.contextmanager
def background(arguments, **options):
    """A program that runs until the block ends."""
    process = subprocess.Popen([str(argument) for argument in arguments], **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    """A port of the loopback interface on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def mosquitto(folder, lines, core=None):
    """Debian's broker on a free port of this machine only, with nothing on disk."""
    port = free_port()
    configuration = pathlib.Path(folder) / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence false", *lines]
    # As root, mosquitto would change to a user who may not read the folder.
    if os.getuid() == 0:
        lines.append("user root")
    configuration.write_text("\n".join(lines) + "\n")
    log = pathlib.Path(folder) / "mosquitto.log"
    with open(log, "w") as errors:
        with background([*pinned(core), "/usr/sbin/mosquitto", "-c", configuration], stderr=errors) as broker:
            deadline = time.monotonic() + 10
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if broker.poll() is not None or time.monotonic() > deadline:
                    raise Failure(f"mosquitto does not listen on port {port}: {log.read_text()}")
                time.sleep(0.02)
            yield port


class Sink:
    """The benchmarks' own end of a connection, which acknowledges everything."""

    def __init__(self, process):
        self.process = process
        self.port = int(self._line("port")[0])

    def rate(self, count):
        """Messages a second in the client's run that has just ended, as the sink has seen them."""
        seen, seconds = self._line("acknowledged|delivered")
        if int(seen) != count:
            raise Failure(f"the sink has seen {seen} of {count} messages")
        return count / float(seconds)

    def _line(self, name):
        line = self.process.stdout.readline()
        match = re.match(rf"(?:{name}) (.*)$", line)
        if not match:
            raise Failure(f"the sink said {line!r}")
        return match[1].split()


@contextlib.contextmanager
def sink(peers, window, send=0, core=None):
    arguments = [*pinned(core), peers / "sink", window, send]
    with background(arguments, stdout=subprocess.PIPE, text=True) as process:
        yield Sink(process)


def pinned(core):
    """What goes before a program's arguments to keep it on one core; nothing for None."""
    return [] if core is None else ["taskset", "--cpu-list", str(core)]


def two_cores():
    """A core for the client and one for its peer, or None twice on a machine that has only one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)
