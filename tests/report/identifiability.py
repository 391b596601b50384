"""What `il6infer identify` writes, made up: one parameter, one direction that nothing tells, one profile."""

from __future__ import annotations

from il6infer.identifiability.profile import gather
from il6infer.stages.identifiability import Direction, Identifiability, Informed, Profile, ProfilePoint, Profiles


def identifiability(failed: bool = False) -> Identifiability:
    """Analysis of the toy's fit; a `failed` one could simulate nothing."""
    never = Direction(0.0, {"mu": 2.0, "nu": 0.5}, "only the product mu × nu")
    hardly = Direction(0.03, {"mu": 2.0, "xi": 2.0}, "only the ratio mu / xi")
    return Identifiability(
        problem="toy", rank=None if failed else 1, ranks=() if failed else (1, 1), points=6, draws=0 if failed else 20,
        spectrum=() if failed else (12.0, 0.03), informed=0 if failed else 1, structural=() if failed else (never,),
        sloppy=() if failed else (hardly,),
        parameters={"mu": Informed(0.9, 0.1, 0.12, "the data would tell it if others were known")},
        best={"mu": 1.0}, log_likelihood=None if failed else -3.0,
    )  # fmt: skip


def profiles(*, short: float = 0.0) -> Profiles:
    """Profile of the toy's parameter, open above; one that is `short` ended below another's top."""
    points = tuple(ProfilePoint(x, y - short) for x, y in ((0.5, -4.0), (1.0, 0.0), (2.0, -0.5)))
    own = Profile("toy", "mu", "1", False, 0.4, 2.0, points, -short, 9)
    other = Profile("toy", "nu", "1", False, 0.4, 2.0, (ProfilePoint(1.0, 0.0),), 0.0, 9)
    return gather([own, other])
