"""The table: what was measured, against whom, with which goal."""
import statistics
from dataclasses import dataclass

COLUMNS = ("work", "ours", "peer", "theirs", "ratio", "goal", "")


@dataclass
class Row:
    work: str
    ours: str
    peer: str
    theirs: str
    ratio: float
    goal: float
    most: bool = False  # the goal is the most it may be, not the least
    text: str = ""  # instead of a ratio

    @property
    def is_met(self):
        return self.ratio <= self.goal if self.most else self.ratio >= self.goal

    @property
    def cells(self):
        bound = "at most" if self.most else "at least"
        unit = self.text or "×"
        return (self.work, self.ours, self.peer, self.theirs,
                f"{self.ratio:.3g} {unit}", f"{bound} {self.goal:g} {unit}",
                "met" if self.is_met else "MISSED")


@dataclass
class Absent:
    """A row that could not be measured, and why."""
    work: str
    peer: str
    why: str

    @property
    def cells(self):
        return (self.work, "", self.peer, self.why, "", "", "not measured")


def median(values):
    return statistics.median(values)


def rate(values):
    return f"{median(values):,.0f}/s"


def columns(rows):
    """Lines of text, each column as wide as its widest cell."""
    cells = [COLUMNS] + [row.cells for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(
        cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
        for line in cells)


def markdown(rows):
    lines = [COLUMNS, ("---",) * len(COLUMNS)] + [row.cells for row in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
