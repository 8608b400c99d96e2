"""What a process uses, read from /proc, and a plot of it as SVG."""

import time
from dataclasses import dataclass, field
from pathlib import Path

LOOKS, PAUSE = 5, 0.1
"""How often a reading looks at the descriptors, and the seconds between two looks."""
WIDTH, HEIGHT, LEFT, TOP = 720, 220, 60, 24
COLORS = {"resident": "#2f6fab", "descriptors": "#b5651d"}


@dataclass(frozen=True)
class Reading:
    minute: float
    resident: float
    """MiB that the process has resident."""
    descriptors: float
    """Open file descriptors."""


@dataclass
class Readings:
    process: int
    made: list[Reading] = field(default_factory=list)

    def read(self, minute: float) -> None:
        """Looks a few times, since connections that a client has closed are closed by the process soon after."""
        folder = Path(f"/proc/{self.process}")
        descriptors = []
        for _ in range(LOOKS):
            descriptors.append(len(list((folder / "fd").iterdir())))
            time.sleep(PAUSE)
        fields = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        self.made.append(Reading(minute, int(fields["VmRSS"].split()[0]) / 1024, min(descriptors)))

    def growth(self, name: str, begin: float) -> tuple[float, float, float]:
        """The first and the last value since that minute, and their ratio. A value is the median of a minute."""
        late = [one for one in self.made if one.minute >= begin]
        assert len(late) > 1, "too few readings"
        ends = [
            [getattr(one, name) for one in late if one.minute <= late[0].minute + 1],
            [getattr(one, name) for one in late if one.minute >= late[-1].minute - 1],
        ]
        first, last = (sorted(values)[len(values) // 2] for values in ends)
        return first, last, last / first

    def plot(self, file: Path) -> None:
        """Writes both curves, each with its own scale, which starts at 0."""
        last = max(one.minute for one in self.made)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            'font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        ]
        right, bottom = WIDTH - LEFT, HEIGHT - TOP - 8
        parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}V{TOP}" fill="none" stroke="#888888"/>')
        for side, (name, color) in enumerate(COLORS.items()):
            values = [getattr(one, name) for one in self.made]
            top = max(values) * 1.2
            points = " ".join(
                f"{LEFT + one.minute / last * (right - LEFT):.1f},{bottom - getattr(one, name) / top * (bottom - TOP):.1f}"
                for one in self.made
            )
            title = "resident, MiB" if name == "resident" else "descriptors"
            place, anchor = (LEFT, "start") if side == 0 else (right, "end")
            parts += [
                f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>',
                f'<text x="{place}" y="{TOP - 8}" fill="{color}" text-anchor="{anchor}">{title}</text>',
                f'<text x="{place + (-6 if side == 0 else 6)}" y="{TOP + 10}" fill="{color}" '
                f'text-anchor="{"end" if side == 0 else "start"}">{top:.0f}</text>',
            ]
        for share in range(5):
            x = LEFT + share / 4 * (right - LEFT)
            parts.append(f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="middle">{last * share / 4:.0f} min</text>')
        file.write_text("\n".join([*parts, "</svg>", ""]))
