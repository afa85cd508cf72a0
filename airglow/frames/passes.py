"""Which pass of an hour that the clock showed twice a frame belongs to.

A camera takes one exposure after another, with the same few pauses between them all night. In the order in
which the frames were taken, a pause that is not among the usual ones is a break (the camera was off), and an
exposure that begins before the last one has ended cannot be. Of all ways to share the frames among the two
passes, the one with the fewest breaks is taken. A frame for which the other pass makes hardly more of them is
in doubt; how many are enough depends on how steady the rest of the night is.

The sharing is found by dynamic programming: frames are taken in the order of the clock, each goes on either
the first pass or the second, and all that matters for the rest is the last frame on each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from airglow.frames.names import number_of_name

_SAME_PAUSE_S = 8.0  # by which pauses of one kind differ
_OVERLAP_S = 2.0  # by which exposures may seem to overlap: clocks of header and shutter
_LONGEST_PAUSE = 4.0  # times the median: what is longer is a break (but see the next)
_SHORTEST_BREAK_S = 120.0  # longer than the median pause by this
_FEWEST_PAUSES = 3
_BREAK, _IMPOSSIBLE = 1.0, 1000.0  # costs
_TIE = 1e-3  # cost of a deviation of `_SAME_PAUSE_S`, or of an hour of break: decides where nothing else does
_SURE = math.log(30.0)  # of the odds of one pass against the other, from which it is taken for certain
_LEAST_NEEDED = 0.5  # breaks: less than one that the other pass makes more tells nothing
_SPREAD = 0.5  # part of all pauses that count as usual, from which on hardly any would be taken for a break

_State = tuple[int, int]  # last frame on the first pass (-1: none) and on the second


@dataclass(frozen=True)
class Exposure:
    """A frame: its start (s, as if of the first pass), its length, its tag and its file's name."""

    start_s: float
    exposure_s: float
    tag: str
    name: str


@dataclass(frozen=True)
class Passes:
    """For each frame of the hour: whether it is of the second pass, and whether that is in doubt."""

    is_second: tuple[bool, ...]
    in_doubt: tuple[bool, ...]


def tell_passes(
    before: Sequence[Exposure], twice: Sequence[Exposure], after: Sequence[Exposure], repeats_after_s: float
) -> Passes:
    """Share the frames of an hour that happened twice among its two passes.

    Running numbers in the names tell the order of frames of a tag; where they do, it is kept.

    Parameters
    ----------
    before, after
        Frames before the hour and after its second pass.
    twice
        Frames of the hour, in any order.
    repeats_after_s
        From a time of the first pass to the same time of the second.

    Returns
    -------
    Passes
        In the order of ``twice``.
    """
    order = sorted(range(len(twice)), key=lambda k: (twice[k].start_s, twice[k].name))
    ordered = [twice[k] for k in order]
    costs = _Costs(
        sorted(before, key=lambda each: each.start_s),
        ordered,
        sorted(after, key=lambda each: each.start_s),
        repeats_after_s,
    )
    allowed = _allowed_by_numbers(before, ordered, after)
    margins, path = _share(costs, allowed)
    if path is None:  # the numbers ask for what cannot be
        margins, path = _share(costs, _Allowed.everything(len(ordered)))
    impossible = min(margins[0]) >= _IMPOSSIBLE
    is_second, in_doubt = [False] * len(twice), [False] * len(twice)
    for place, k in enumerate(order):
        is_second[k] = path[place]
        in_doubt[k] = bool(impossible or abs(margins[place][0] - margins[place][1]) < costs.breaks_needed)
    return Passes(tuple(is_second), tuple(in_doubt))


class _Costs:
    """What it costs that one frame follows another.

    Frames are given by their place in the order of the clock; a method is named by what follows what.
    """

    def __init__(
        self, before: list[Exposure], twice: list[Exposure], after: list[Exposure], repeats_after_s: float
    ) -> None:
        self.last_before = before[-1] if before else None
        self.first_after = after[0] if after else None
        self.twice = twice
        self.repeats_after_s = repeats_after_s
        self.usual_s = _usual_pauses_s(before, twice, after)
        self.breaks_needed = _breaks_needed(self.usual_s, before, after)
        n = len(twice)
        self._on = [[self._between(twice[i], twice[k], 0.0) for k in range(n)] for i in range(n)]
        self._over = [
            [self._between(twice[i], twice[k], repeats_after_s) for k in range(n)] for i in range(n)
        ]

    def __len__(self) -> int:
        return len(self.twice)

    def on(self, i: int, k: int) -> float:
        """Frame k after frame i on the same pass."""
        return self._on[i][k]

    def begin(self, k: int, on_second: bool) -> float:
        """Frame k after the last frame before the hour."""
        if self.last_before is None:
            return 0.0
        return self._between(self.last_before, self.twice[k], self.repeats_after_s if on_second else 0.0)

    def over(self, i: int, k: int) -> float:
        """Frame k, the first on the second pass, after frame i, the last on the first (-1: none)."""
        return self._over[i][k] if i >= 0 else self.begin(k, on_second=True)

    def end(self, i: int, on_second: bool) -> float:
        """The first frame after the hours, after frame i."""
        if self.first_after is None:
            return 0.0
        return self._between(self.twice[i], self.first_after, -self.repeats_after_s if on_second else 0.0)

    def _between(self, earlier: Exposure, later: Exposure, longer_s: float) -> float:
        pause_s = later.start_s + longer_s - earlier.start_s - earlier.exposure_s
        if pause_s < -_OVERLAP_S:
            return _IMPOSSIBLE
        off_s = float(np.abs(self.usual_s - pause_s).min()) if self.usual_s.size else math.inf
        if off_s <= _SAME_PAUSE_S:
            return _TIE * off_s / _SAME_PAUSE_S
        return _BREAK + _TIE * pause_s / 3600.0


def _breaks_needed(usual_s: np.ndarray, before: list[Exposure], after: list[Exposure]) -> float:
    """How many breaks more the other pass must make, for a frame's pass to be certain.

    In a night of one break in eighty pauses a single break more is odds of eighty to one; where one pause in
    ten is a break, it says little. Where nearly every pause is a usual one, breaks say little as well.
    """
    pauses = [
        b.start_s - a.start_s - a.exposure_s for part in (before, after) for a, b in itertools.pairwise(part)
    ]
    breaks = sum(usual_s.size == 0 or np.abs(usual_s - pause).min() > _SAME_PAUSE_S for pause in pauses)
    needed = _SURE / math.log((len(pauses) + 2.0) / (breaks + 1.0)) if breaks < len(pauses) else math.inf
    if usual_s.size:
        seconds = np.arange(0.0, usual_s.max() + _SHORTEST_BREAK_S)
        taken = np.abs(seconds[:, None] - usual_s[None, :]).min(axis=1) <= _SAME_PAUSE_S
        needed += float(taken.mean() > _SPREAD)
    return max(needed, _LEAST_NEEDED)


def _usual_pauses_s(before: list[Exposure], twice: list[Exposure], after: list[Exposure]) -> np.ndarray:
    """Pauses between frames that follow each other in the rest of the night, but for breaks."""

    def pauses(frames: list[Exposure]) -> list[float]:
        return [b.start_s - a.start_s - a.exposure_s for a, b in itertools.pairwise(frames)]

    found = [pause for pause in pauses(before) + pauses(after) if pause >= -_OVERLAP_S]
    if len(found) < _FEWEST_PAUSES:
        found += [pause for pause in pauses(twice) if pause >= -_OVERLAP_S]
    if not found:
        return np.zeros(0)
    middle = float(np.median(found))
    longest = max(_LONGEST_PAUSE * middle, middle + _SHORTEST_BREAK_S)
    return np.array([pause for pause in found if pause <= longest])


@dataclass(frozen=True)
class _Allowed:
    """Which passes the running numbers leave open to each frame."""

    first: list[bool]
    second: list[bool]
    in_turn: bool  # in the order of the clock, no frame of the first pass comes after one of the second

    @classmethod
    def everything(cls, count: int) -> _Allowed:
        return cls([True] * count, [True] * count, False)


def _allowed_by_numbers(
    before: Sequence[Exposure], ordered: list[Exposure], after: Sequence[Exposure]
) -> _Allowed:
    """What running numbers say: where the clock steps back between two of a tag, its second pass begins."""
    everything = _Allowed.everything(len(ordered))
    numbers = [number_of_name(each.name) for each in ordered]
    if any(number is None for number in numbers):
        return everything
    allowed, steps_back = _Allowed.everything(len(ordered)), False
    for tag in {each.tag for each in ordered}:
        places = sorted((k for k, each in enumerate(ordered) if each.tag == tag), key=lambda k: numbers[k])
        back = [n for n, (i, k) in enumerate(itertools.pairwise(places)) if k < i]
        course = [*_numbers(before, tag), *(numbers[k] for k in places), *_numbers(after, tag)]
        if len(back) > 1 or any(b <= a for a, b in itertools.pairwise(course)):
            return everything  # counted anew on the way: these numbers tell no order
        for n in back:
            steps_back = True
            for k in places[: n + 1]:
                allowed.second[k] = False
            for k in places[n + 1 :]:
                allowed.first[k] = False
    return allowed if steps_back else _Allowed(allowed.first, allowed.second, in_turn=True)


def _numbers(frames: Sequence[Exposure], tag: str) -> list[int]:
    """Running numbers of a tag's frames in the order of time."""
    numbers = [
        number_of_name(each.name) for each in sorted(frames, key=lambda e: e.start_s) if each.tag == tag
    ]
    return [number for number in numbers if number is not None]


def _share(costs: _Costs, allowed: _Allowed) -> tuple[list[list[float]], list[bool] | None]:
    """Least cost with each frame on the first and on the second pass, and the cheapest sharing of all."""
    n = len(costs)
    margins = [[math.inf, math.inf] for _ in range(n)]
    best_cost, best = math.inf, None
    prefix = 0.0  # of the frames before `opens`, all on the first pass
    for opens in range(n + 1):  # the first frame on the second pass; n: there is none
        if opens == n:
            total, path = prefix + costs.end(n - 1, on_second=False), [False] * n
            _lower(margins, path, total)
        elif allowed.second[opens]:
            total, path = _share_from(costs, allowed, opens, prefix, margins)
        else:
            total, path = math.inf, None
        if total < best_cost:
            best_cost, best = total, path
        if opens < n:
            if not allowed.first[opens]:
                break
            prefix += costs.on(opens - 1, opens) if opens else costs.begin(0, on_second=False)
    return margins, best


def _share_from(
    costs: _Costs, allowed: _Allowed, opens: int, prefix: float, margins: list[list[float]]
) -> tuple[float, list[bool] | None]:
    """The cheapest sharing in which ``opens`` is the first frame on the second pass; lowers the margins."""
    n = len(costs)
    forward: list[dict[_State, float]] = [{(opens - 1, opens): prefix}]
    for k in range(opens + 1, n):
        reached: dict[_State, float] = {}
        for state, cost in forward[-1].items():
            for following, step in _steps(costs, allowed, state, k):
                reached[following] = min(reached.get(following, math.inf), cost + step)
        forward.append(reached)
    backward = {
        state: costs.over(state[0], opens) + costs.end(state[1], on_second=True) for state in forward[-1]
    }
    if not backward:
        return math.inf, None
    total = min(forward[-1][state] + backward[state] for state in backward)
    _lower(margins[:opens], [False] * opens, total)
    tails = [backward]
    for k in range(n - 1, opens, -1):
        backward = {
            state: min(
                (step + backward[following] for following, step in _steps(costs, allowed, state, k)),
                default=math.inf,
            )
            for state in forward[k - 1 - opens]
        }
        tails.insert(0, backward)
    path = [False] * opens
    state = (opens - 1, opens)
    for k in range(opens, n):
        here, tail = forward[k - opens], tails[k - opens]
        for each, cost in here.items():
            on = each[1] == k
            margins[k][on] = min(margins[k][on], cost + tail[each])
        if k > opens:
            state = min(_steps(costs, allowed, state, k), key=_cost_with(tail))[0]
        path.append(state[1] == k)
    return total, path


def _steps(costs: _Costs, allowed: _Allowed, state: _State, k: int) -> list[tuple[_State, float]]:
    """Where frame k can go, and what that costs."""
    on_first, on_second = state
    steps = []
    if allowed.first[k] and not allowed.in_turn:
        cost = costs.on(on_first, k) if on_first >= 0 else costs.begin(k, on_second=False)
        steps.append(((k, on_second), cost))
    if allowed.second[k]:
        steps.append(((on_first, k), costs.on(on_second, k)))
    return steps


def _cost_with(tail: dict[_State, float]) -> Callable[[tuple[_State, float]], float]:
    return lambda step: step[1] + tail[step[0]]


def _lower(margins: list[list[float]], path: list[bool], cost: float) -> None:
    for margin, on_second in zip(margins, path, strict=True):
        margin[on_second] = min(margin[on_second], cost)
