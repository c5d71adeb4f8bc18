"""Tells what is in a matplotlib figure, but for what drawing leaves in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_CHILDREN = (
    *(
        "axes",
        "_parent_figure",
        "title",
        "_left_title",
        "_right_title",
        "legend_",
        "xaxis",
        "yaxis",
    ),
    *("label", "patch", "_suptitle", "_supxlabel", "_supylabel", "_legend_title_box"),
)
_LISTS = ("_children", "_localaxes", "lines", "patches", "texts", "legends", "images", "subfigs")
_LIMITS = ("_viewLim", "dataLim", "bbox_inches")
# What drawing works out from the rest, and what says whether it has.
_DRAWN = {
    *("_stale", "stale", "stale_callback", "_x", "_y", "_xy", "_path", "_subslice"),
    *("_renderer", "_transforms", "_invalidx", "_invalidy"),
    *("_cachedRenderer", "_original_dpi", "_dpi", "number", "_button_pick_id", "_scroll_pick_id"),
    *("_mapped_colors", "_stale_viewlims", "_mouseover", "_layoutbox", "_agg_filter", "mouseover"),
    *("_facecolors", "_edgecolors", "_is_filled", "_is_stroked", "_us_lw", "_linewidths"),
    *("_position", "_originalPosition", "_majorTicks", "_minorTicks", "_callbacks"),
}
_NOT_TOLD = {*_DRAWN, *_CHILDREN, *_LISTS}
_ATOMS = (type(None), bool, int, float, str, bytes)


def loaded_artist() -> Any:
    """Return matplotlib's class of all that is drawn; None where it is not loaded."""
    module: Any = sys.modules.get("matplotlib.artist")
    return getattr(module, "Artist", None)


def tell(artist: Any, see: Callable[[object], Any]) -> dict[str, Any]:
    """Describe an artist by its plain attributes and by what belongs to it.

    None is not told: it mostly stands where drawing puts something.

    Args:
        see: describes an object that it holds.
    """
    own = vars(artist)
    told = {
        name: see(own[name])
        for name in sorted(own)
        if name not in _NOT_TOLD and own[name] is not None and _plain(own[name])
    }
    for name in _CHILDREN:
        if own.get(name) is not None and isinstance(own[name], loaded_artist()):
            told[name] = see(own[name])
    for name in _LISTS:
        if type(own.get(name)) is list:
            told[name] = [see(child) for child in own[name]]
    for name in _LIMITS:
        if hasattr(own.get(name), "_points"):
            told[name] = see(own[name]._points)
    return told


def _plain(value: object, depth: int = 3) -> bool:
    if type(value) in (tuple, list):
        return depth > 0 and all(_plain(item, depth - 1) for item in value)  # type: ignore[attr-defined]
    numpy: Any = sys.modules.get("numpy")
    return type(value) in _ATOMS or (numpy is not None and type(value) is numpy.ndarray)
