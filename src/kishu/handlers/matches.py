"""What `re` found: by the search that finds it again."""

from __future__ import annotations

import re
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles

Match = re.Match[Any]


@handles("re.Match")
def reduce_match(walk: Walk, match: Match) -> Reduced:
    """By the pattern, the text, and how it was found."""
    for how in ("match", "search", "fullmatch"):
        again = getattr(match.re, how)(match.string, match.pos, match.endpos)
        if again is not None and again.regs == match.regs:
            return find_match, (match.re, how, match.string, match.pos, match.endpos, 0)
    for index, again in enumerate(match.re.finditer(match.string, match.pos, match.endpos)):
        if again.regs == match.regs:
            place = (match.string, match.pos, match.endpos, index)
            return find_match, (match.re, "finditer", *place)
    return walk.unstorable(match, "live", "its pattern does not find it again")


@builder
def find_match(
    pattern: re.Pattern[Any], how: str, text: Any, pos: int, endpos: int, index: int
) -> Any:
    """Search again."""
    found = getattr(pattern, how)(text, pos, endpos)
    if how != "finditer":
        return found
    for _ in range(index):
        next(found)
    return next(found)
