"""The programs that tell a broker of a GPIO line: ours, mqtt-io, and one in C. They run in the testbed's guest."""

import contextlib
import dataclasses
import json
import pathlib

from .processes import background

DEBOUNCE = 30  # milliseconds
KEEP_ALIVE = 30  # seconds


@dataclasses.dataclass(frozen=True)
class Broker:
    port: int
    # For TLS.
    authority: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a program finds what it needs, and may write."""

    broker: Broker
    folder: pathlib.Path
    # Of the program's own line.
    chip_label: str
    chip_path: str
    line: str


@dataclasses.dataclass(frozen=True)
class Contender:
    arguments: list
    topic: str


def agent_settings(broker, journal, door):
    """The settings of door-agent with one door, and defaults otherwise."""
    secured = [f'tls = true\nca_file = "{broker.authority}"'] if broker.authority else []
    return "\n".join(
        [
            'id = "bench"',
            f'journal = "{journal}"',
            "[broker]",
            'host = "127.0.0.1"',
            f"port = {broker.port}",
            f"keep_alive_s = {KEEP_ALIVE}",
            *secured,
            "[[door]]",
            'id = "front"',
            f"debounce_ms = {DEBOUNCE}",
            *door,
            "",
        ]
    )


def ours(program, place, journal=None):
    """The journal is in the place's folder, or in another."""
    settings = place.folder / "agent.toml"
    door = [f'chip = "{place.chip_label}"', f'line = "{place.line}"', 'bias = "as-is"']
    settings.write_text(agent_settings(place.broker, (journal or place.folder) / "journal.sqlite", door))
    return Contender([program, "--config", settings], "dooralarm/bench/door/front")


def mqtt_io(python, place, polls=False):
    """Its gpiod module with interrupts: the fastest way it has. Otherwise the defaults, but for `retain`.

    `bouncetime` is what it has for debouncing: it publishes the first edge at once, and ignores those that come
    within that time after it. It publishes inputs at quality of service 0, which cannot be changed. By default it
    polls.
    """
    edges = {} if polls else {"interrupt": "both", "bouncetime": DEBOUNCE}
    tls = {"tls": {"enabled": True, "ca_certs": str(place.broker.authority)}} if place.broker.authority else {}
    settings = {
        "mqtt": {
            "host": "127.0.0.1",
            "port": place.broker.port,
            "topic_prefix": "mqtt-io",
            "keepalive": KEEP_ALIVE,
            **tls,
        },
        # Installed by Benchmarks/run; it would take the newest, whose interface it does not know.
        "options": {"install_requirements": False},
        "gpio_modules": [{"name": "chip", "module": "gpiod", "chip": place.chip_path}],
        "digital_inputs": [
            {
                "name": "front",
                "module": "chip",
                "pin": 0,
                **edges,
                "retain": True,
                "on_payload": "open",
                "off_payload": "closed",
            }
        ],
    }
    path = place.folder / "mqtt-io.yml"
    # JSON is YAML.
    path.write_text(json.dumps(settings))
    return Contender([python, "-B", "-m", "mqtt_io", path], "mqtt-io/input/front")


def c_program(program, place, journal=None):
    """Without a journal, or with one in that folder."""
    topic = "gpiod-mosquitto/front"
    last = [place.broker.authority] if place.broker.authority else [journal / "c.sqlite"] if journal else []
    return Contender([program, place.broker.port, place.chip_label, place.line, DEBOUNCE, topic, *last], topic)


@contextlib.contextmanager
def running(contender, folder):
    """The process, until the block ends; shows what it said if the block fails."""
    log = folder / "output"
    with open(log, "w") as output:
        try:
            with background(contender.arguments, stdout=output, stderr=output) as process:
                yield process
        except Exception:
            print(f"{contender.arguments[0]} said: {log.read_text()[-4000:]}", flush=True)
            raise
