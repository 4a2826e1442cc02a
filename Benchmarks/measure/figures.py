"""Rows of figures: medians, goals, a table, JSON."""

import dataclasses
import json
import random
import statistics


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a row has to show: `ratio` or `ours` compared with a bound."""

    subject: str
    comparison: str
    bound: float

    def is_met(self, ours, ratio):
        value = ours if self.subject == "ours" else ratio
        return value >= self.bound if self.comparison == ">=" else value <= self.bound

    def __str__(self):
        return f"{self.subject} {self.comparison} {self.bound:g}"


def at_least(subject, bound):
    return Goal(subject, ">=", bound)


def at_most(subject, bound):
    return Goal(subject, "<=", bound)


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    unit: str
    ours: float
    peer: str | None = None
    peer_value: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self):
        return self.ours / self.peer_value if self.peer_value else None

    @property
    def met(self):
        """None without a goal."""
        return self.goal.is_met(self.ours, self.ratio) if self.goal else None

    def json(self):
        return json.dumps(
            {
                "name": self.name,
                "unit": self.unit,
                "ours": significant(self.ours),
                "peer": self.peer,
                "peer_value": significant(self.peer_value),
                "ratio": significant(self.ratio),
                "goal": str(self.goal) if self.goal else None,
                "met": self.met,
            }
        )


def significant(value):
    """Four digits are more than any of the figures deserves."""
    return None if value is None else float(f"{value:.4g}")


def in_turn(runs, measurements):
    """Runs each of the named measurements `runs` times, one after the other in every round, and in another order in
    each: what one leaves behind for the next (warm caches, a busy disk) is not always the same one's.

    A measurement returns a dictionary of figures. Returns the median of each figure for each name.
    """
    seen = {name: [] for name in measurements}
    orders = random.Random(runs)
    for _ in range(runs):
        for name in orders.sample(list(measurements), len(measurements)):
            seen[name].append(measurements[name]())
    return {
        name: {figure: statistics.median(run[figure] for run in results) for figure in results[0]}
        for name, results in seen.items()
    }


def compare(name, unit, figure, medians, goals=None):
    """A row for each peer of `medians`, whose first entry is ours."""
    (_, ours), *peers = medians.items()
    goals = goals or {}
    return [
        Row(name, unit, ours[figure], peer, values[figure], goals.get(peer)) for peer, values in peers
    ]


def table(rows):
    header = ["name", "unit", "ours", "peer", "its value", "ratio", "goal", "met"]
    cells = [header] + [
        [
            row.name,
            row.unit,
            shown(row.ours),
            row.peer or "",
            shown(row.peer_value),
            f"{row.ratio:.2f}" if row.ratio is not None else "",
            str(row.goal or ""),
            {True: "yes", False: "NO", None: ""}[row.met],
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    is_number = [column in (2, 4, 5) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, is_number)
        ).rstrip()
        for line in cells
    )


def shown(value):
    if value is None:
        return ""
    if value >= 1000:
        return f"{significant(value):,.0f}"
    return f"{significant(value):g}"
