"""Reduce match objects of `re`, and rebuild them by searching again."""

from __future__ import annotations

import re
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles

Match = re.Match[Any]


@handles("re.Match")
def reduce_match(walk: Walk, match: Match) -> Reduced:
    """Reduce a match to its pattern, its text and the search that finds it again.

    Which method made the match is not noted in it: each one is tried, and is the right one if all
    groups of what it finds lie where those of the match do.
    """
    for how in ("match", "search", "fullmatch"):
        candidate = getattr(match.re, how)(match.string, match.pos, match.endpos)
        if candidate is not None and candidate.regs == match.regs:
            return find_match, (match.re, how, match.string, match.pos, match.endpos, 0)
    for index, candidate in enumerate(match.re.finditer(match.string, match.pos, match.endpos)):
        if candidate.regs == match.regs:
            arguments = (match.string, match.pos, match.endpos, index)
            return find_match, (match.re, "finditer", *arguments)
    return walk.unstorable(match, "live", "its pattern does not find it again")


@builder
def find_match(
    pattern: re.Pattern[Any], how: str, text: Any, pos: int, endpos: int, index: int
) -> Any:
    """Return the match that searching a text for a pattern gives.

    Args:
        pattern: the compiled pattern.
        how: the name of its method: ``match``, ``search``, ``fullmatch`` or ``finditer``.
        text: the text, or the bytes, to search.
        pos: the index at which the search begins.
        endpos: the index at which it ends.
        index: which match it is of those that ``finditer`` gives, from 0; else unused.
    """
    result = getattr(pattern, how)(text, pos, endpos)
    if how != "finditer":
        return result
    for _ in range(index):
        next(result)
    return next(result)
