"""What a process that does nothing takes all the same, as the kernel counts it."""

import dataclasses
import os
import pathlib
import re
import time


@dataclasses.dataclass(frozen=True)
class Usage:
    # MiB.
    peak: float
    resident: float
    anonymous: float
    # In the time that was watched.
    wakes_per_second: float
    processor_percent: float


def watch(processes, seconds):
    """The usage of each of the processes, all watched at the same time."""
    start = time.monotonic()
    before = [_counts(process.pid) for process in processes]
    time.sleep(seconds)
    after = [_counts(process.pid) for process in processes]
    elapsed = time.monotonic() - start
    return [
        Usage(
            *(_mebibytes(process.pid, field) for field in ("VmHWM", "VmRSS", "RssAnon")),
            wakes_per_second=(wakes_after - wakes_before) / elapsed,
            processor_percent=(busy_after - busy_before) / elapsed * 100,
        )
        for process, (wakes_before, busy_before), (wakes_after, busy_after) in zip(processes, before, after)
    ]


def _counts(pid):
    """How often all threads together have waited and been woken, and how many seconds they have run."""
    tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
    wakes = sum(_field(task / "status", "voluntary_ctxt_switches") for task in tasks)
    if (tasks[0] / "schedstat").exists():
        busy = sum(int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks)
    else:
        # The guest's kernel has only this, by its ticks.
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        busy = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return wakes, busy


def _mebibytes(pid, field):
    return _field(pathlib.Path(f"/proc/{pid}/status"), field) / 1024


def _field(path, name):
    return int(re.search(rf"^{name}:\s*([0-9]+)", path.read_text(), re.MULTILINE)[1])
