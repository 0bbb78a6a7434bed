"""How probable a finding is in a disease, by what the disease's profile says and what is a kind of what.

A disease is a profile: finding → share of patients who have it (0: the source says that they do not). Of any finding
the share is then taken to be:

| the profile has                             | share taken                                                        |
|---------------------------------------------|--------------------------------------------------------------------|
| the finding, or a kind of it                | the largest of these shares                                        |
| what it is a kind of, and denies that       | 0                                                                  |
| what it is a kind of                        | that share × how many of those with it have the finding, over all  |
| none of these                               | `Chances.unstated` × its share over all diseases: profiles are     |
|                                             | never complete, so that silence is no denial                       |

and no share is taken to be nearer to 0 or 1 than `Chances` allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Profile = Mapping[int, float]
"""Row of a finding → share of patients who have it (0–1), as a source states it; 0: denied."""
Ancestors = Callable[[int], frozenset[int]]
"""Of a finding: all of which it is a kind. Whether it is among them itself does not matter."""
Background = Callable[[int], float]
"""Of a finding: its share (0–1) in patients with any disease."""


@dataclass(frozen=True, slots=True)
class Chances:
    """How sure a profile may make: no share below ``floor`` or above ``ceiling``, and ``unstated`` (see the module).

    Of findings that case reports of the phenopacket store (development genes) tell to be present or absent, and that
    the disease's profile gives for 83 % of patients or more once their own publication is left out, 71 % are present;
    of those that it does not mention, 41 %. Reports tell what is there more often than what is not, so the floor is
    lower than that.
    """

    floor: float = 0.1
    ceiling: float = 0.9
    unstated: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.floor < self.ceiling < 1 or self.unstated < 0:
            raise ValueError(f"0 < floor < ceiling < 1 and unstated ≥ 0 are wanted; got {self}")


DEFAULT_CHANCES = Chances()


class Shares:
    """How probable any finding is in each of several diseases (see the module)."""

    def __init__(
        self,
        profiles: Sequence[Profile],
        *,
        ancestors: Ancestors,
        background: Background,
        chances: Chances = DEFAULT_CHANCES,
    ) -> None:
        self._ancestors, self._background, self._chances = ancestors, background, chances
        self._profiles = profiles
        self._had = [_closure(profile, ancestors) for profile in profiles]
        self._known: dict[int, NDArray[np.float64]] = {}
        self._denied = [{row for row, share in profile.items() if share <= 0} for profile in profiles]

    def of(self, finding: int) -> NDArray[np.float64]:
        """(n diseases,): P(finding | disease)."""
        if finding not in self._known:
            self._known[finding] = self._of(finding)
        return self._known[finding]

    def _of(self, finding: int) -> NDArray[np.float64]:
        chances = self._chances
        over_all = self._background(finding)
        above = self._ancestors(finding) - {finding}
        shares = [
            self._inherited(profile, above, over_all) if stated is None else stated
            for profile, stated in zip(self._profiles, self.stated(finding), strict=True)
        ]
        return np.clip(np.array(shares, dtype=np.float64), chances.floor, chances.ceiling)

    def stated(self, finding: int) -> tuple[float | None, ...]:
        """The share that each profile gives for a finding or a kind of it; 0 where it denies the finding or what that
        is a kind of; None where it does neither."""
        above = self._ancestors(finding) | {finding}
        return tuple(
            had[finding] if finding in had else 0.0 if denied & above else None
            for had, denied in zip(self._had, self._denied, strict=True)
        )

    def _inherited(self, profile: Profile, above: frozenset[int], over_all: float) -> float:
        shares = [self._chances.unstated * over_all]
        for row in above & profile.keys():
            over_all_above = self._background(row)
            part = min(1.0, over_all / over_all_above) if over_all_above > 0 else 0.0
            shares.append(profile[row] * part)
        return max(shares)


def _closure(profile: Profile, ancestors: Ancestors) -> dict[int, float]:
    """Findings that a disease has, with all of which they are a kind: the largest share of each."""
    had: dict[int, float] = {}
    for finding, share in profile.items():
        if share > 0:
            for row in ancestors(finding) | {finding}:
                had[row] = max(share, had.get(row, 0.0))
    return had
