"""The functions of door-agent that run when a door moves or somebody asks for its state, in the order in which they
call one another, for the linker to lay side by side. See deploy/flags."""

import argparse
import collections
import contextlib
import pathlib
import re
import signal
import sys
import tempfile
import time

from . import contenders
from .processes import Failure, background, mosquitto, run

MOVES = 50
# Of one move. Under valgrind everything takes many times longer.
LIMIT = 60


def main():
    parser = argparse.ArgumentParser(prog="Benchmarks/order", add_help=False)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("list", type=pathlib.Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="order-") as folder:
        profile = profiled(options.program, pathlib.Path(folder))
    names = in_order(profile)
    options.list.write_text("\n".join(names) + "\n")
    print(f"{len(names)} functions are in {options.list}")


def profiled(program, folder):
    """What callgrind has seen while a door moved."""
    # Callgrind 3.19 does not read the compiler's debugging information.
    stripped = folder / "door-agent"
    run(["strip", "--strip-debug", "-o", stripped, program])
    door, settings, profile = folder / "door", folder / "agent.toml", folder / "profile"
    door.write_text("closed")
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(mosquitto(folder, ["log_type error"]))
        broker = contenders.Broker(port)
        lines = [f'simulated = "{door}"']
        settings.write_text(contenders.agent_settings(broker, folder / "journal.sqlite", lines))
        valgrind = ["valgrind", "--tool=callgrind", "--fair-sched=yes", "--demangle=no", "--dump-instr=yes"]
        valgrind += ["--instr-atstart=no", f"--callgrind-out-file={profile}"]
        agent = contenders.Contender([*valgrind, stripped, "--config", settings], "dooralarm/bench/door/front")
        process = stack.enter_context(contenders.running(agent, folder))
        subscribed = ["mosquitto_sub", "-p", port, "-q", 1, "-t", agent.topic]
        told = stack.enter_context(open(folder / "told", "w+"))
        stack.enter_context(background(subscribed, stdout=told))

        def wait(state):
            deadline = time.monotonic() + LIMIT
            while True:
                lines = (folder / "told").read_text().splitlines()
                if lines and f'"state":"{state}"' in lines[-1]:
                    return
                if time.monotonic() > deadline:
                    raise Failure(f"the agent does not tell that the door is {state}")
                time.sleep(0.02)

        wait("closed")
        run(["callgrind_control", "--instr=on", process.pid])
        for move in range(MOVES):
            state = "closed" if move % 2 else "open"
            door.write_text(state)
            wait(state)
            run(["mosquitto_pub", "-p", port, "-q", 1, "-t", "dooralarm/bench/get", "-n"])
            # Whatever follows the message has an end.
            time.sleep(0.2)
        run(["callgrind_control", "--dump", process.pid])
        return pathlib.Path(f"{profile}.1").read_text()


def in_order(profile):
    """The names of the program's own functions that were called with every move: callers before what they call."""
    # Objects and functions have numbers of their own, and are named once.
    objects, names = {}, {}
    calls = collections.Counter()
    callees = collections.defaultdict(list)
    own = []
    current = {}
    for line in profile.splitlines():
        key, _, value = line.partition("=")
        if key in ("ob", "cob", "fn", "cfn"):
            number, name = re.fullmatch(r"(\(\d+\))(?: (.*))?", value).groups()
            if name:
                (objects if key in ("ob", "cob") else names)[number] = name
            current[key] = number
            if key == "fn" and objects[current["ob"]].endswith("/door-agent"):
                own.append(number)
        elif key == "calls":
            calls[current["cfn"]] += int(value.split()[0])
            callees[current["fn"]].append(current["cfn"])
    is_hot = {number for number in own if calls[number] >= MOVES and not names[number].startswith("0x")}
    called = {callee for of_one in callees.values() for callee in of_one}
    seen = {}
    # Depth first; callgrind tells calls in the order of their places in the caller.
    for root in [number for number in callees if number not in called] + own:
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if number not in seen:
                seen[number] = True
                waiting.extend(reversed(callees[number]))
    # A function that calls itself has a number after its name for each depth.
    return list(dict.fromkeys(re.sub(r"'\d+$", "", names[number]) for number in seen if number in is_hot))


if __name__ == "__main__":
    main()
