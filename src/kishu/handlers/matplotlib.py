"""matplotlib: figures without what drawing and looking leave behind in them."""

from __future__ import annotations

import copy
import copyreg
import sys
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles
from kishu.handlers.typeinfo import Library, know

know(Library(("matplotlib", "mpl_toolkits"), loads_quietly=False))
"""Loading a figure makes it pyplot's current one; what its pickling drops is its canvas."""


@handles("matplotlib.cbook.CallbackRegistry", subclasses=True)
def reduce_callbacks(walk: Walk, registry: Any) -> Reduced:
    """As its ``__getstate__`` has it, which draws from the registry's counter at every call."""
    state = dict(vars(registry))
    kept = state.get("_pickled_cids", ())
    if "_cid_gen" not in state or "callbacks" not in state:
        return NotImplemented
    state["callbacks"] = {
        signal: {cid: proxy() for cid, proxy in proxies.items() if cid in kept}
        for signal, proxies in registry.callbacks.items()
    }
    state["_func_cid_map"] = None
    # Looking at it draws from the counter.
    state["_cid_gen"] = max(kept, default=-1) + 1
    walk.ignore_sharing(state)
    return copyreg.__newobj__, (type(registry),), state  # type: ignore[attr-defined]


@handles("matplotlib.transforms.TransformNode", subclasses=True)
def reduce_transform(walk: Walk, node: Any) -> Reduced:
    """What a transform is made of; what it has worked out is worked out again.

    Who uses it is known by those who do: its parents tell it of themselves when they are rebuilt.
    """
    transforms = sys.modules["matplotlib.transforms"]
    state = dict(vars(node))
    worked_out = ["_inverted", "_transformed_path", "_transformed_points", "_affine"]
    if not isinstance(node, transforms.Affine2D):
        worked_out.append("_mtx")
    if not isinstance(node, transforms.Bbox):
        worked_out.append("_points")
    for name in worked_out:
        if name in state:
            state[name] = None
    state |= walk.replaced(node)
    state.pop("_parents", None)
    state.pop("_invalid", None)
    walk.ignore_sharing(state)
    return (
        copyreg.__newobj__,  # type: ignore[attr-defined]
        (type(node),), state, None, None, fill_transform,
    )  # fmt: skip


@builder
def fill_transform(node: Any, state: dict[str, Any]) -> None:
    """Give a transform its state, and tell its children of it."""
    from matplotlib.transforms import TransformNode

    vars(node).update(state, _parents={})
    node._invalid = getattr(type(node), "_INVALID_FULL", getattr(type(node), "INVALID", 1))
    node.set_children(*(held for held in state.values() if isinstance(held, TransformNode)))


@handles("matplotlib.artist.Artist", subclasses=True)
def reduce_artist(walk: Walk, artist: Any) -> Reduced:
    """As the artist has it, without what drawing leaves behind."""
    make, arguments, state, *rest = artist.__reduce_ex__(5)
    if type(state) is not dict:
        return NotImplemented
    state = {**state, "_stale": True, **walk.replaced(artist)}
    _replace_positions(walk, artist, state)
    _replace_offsets(walk, artist, state)
    if not state.get("_transformSet", True):
        state["_transform"] = None
    line = getattr(sys.modules.get("matplotlib.lines"), "Line2D", ())
    if isinstance(artist, line):
        state.update(dict.fromkeys(("_path", "_transformed_path", "_xy", "_x", "_y")))
        state.update(_invalidx=True, _invalidy=True)
    ellipse = getattr(sys.modules.get("matplotlib.patches"), "Ellipse", ())
    if isinstance(artist, ellipse) and "_patch_transform" in state:
        state["_patch_transform"] = None
    _replace_sizes(walk, artist, state)
    walk.ignore_sharing(state)
    return make, arguments, state, *rest


def _replace_sizes(walk: Walk, artist: Any, state: dict[str, Any]) -> None:
    """How large drawing makes points, which depends on the resolution: as before any drawing."""
    sizes = state.get("_sizes")
    if "_transforms" not in state or not hasattr(artist, "set_sizes") or sizes is None:
        return
    scales = sys.modules["numpy"].sqrt(sizes) * getattr(artist, "_factor", 1.0)
    transforms = sys.modules["numpy"].zeros((len(scales), 3, 3))
    transforms[:, 0, 0] = transforms[:, 1, 1] = scales
    transforms[:, 2, 2] = 1.0
    walk.ignore_sharing(transforms)
    state["_transforms"] = transforms


def _replace_positions(walk: Walk, artist: Any, state: dict[str, Any]) -> None:
    """Where drawing puts labels and titles: worked out anew at each drawing."""
    # Beside an axis of three dimensions they are turned, too, as exactly as drawing does it.
    solid = (
        {"_rotation": 0.0} if type(artist).__module__.startswith("mpl_toolkits.mplot3d.") else {}
    )
    if state.get("_autolabelpos"):
        put = {"_x": 0.0, "_y": 0.0} if solid else {"_y" if artist.axis_name == "x" else "_x": 0.0}
        walk.replace(artist.label, put | solid)
    if "offsetText" in state:
        walk.replace(artist.offsetText, {"_x": 0.0, "_y": 0.0} | solid)
    if state.get("_autotitlepos"):
        for name in ("title", "_left_title", "_right_title"):
            walk.replace(state[name], {"_y": 1.0})


def _replace_offsets(walk: Walk, artist: Any, state: dict[str, Any]) -> None:
    """Where drawing puts what legends and boxes hold, and what it draws around them."""
    boxes = sys.modules.get("matplotlib.offsetbox")
    if boxes is None:
        return
    legend = getattr(sys.modules.get("matplotlib.legend"), "Legend", ())
    if isinstance(artist, legend):
        held, frame = [state.get("_legend_box")], state.get("legendPatch")
    elif isinstance(artist, (boxes.OffsetBox, boxes.AnnotationBbox)):
        held, frame = artist.get_children(), state.get("patch")
    else:
        return
    if frame is not None:
        drawn: dict[str, Any] = {"_x": 0.0, "_y": 0.0, "_width": 1.0, "_height": 1.0}
        prop = getattr(artist, "prop", None)
        if prop is not None:
            drawn["_mutation_scale"] = prop.get_size_in_points()
        walk.replace(frame, drawn)
    waiting = [box for box in held if isinstance(box, boxes.OffsetBox)]
    while waiting:
        # All of them at once: what is drawn in one may be met before it is.
        box = waiting.pop()
        waiting += [each for each in box.get_children() if isinstance(each, boxes.OffsetBox)]
        if not callable(box._offset):
            walk.replace(box, {"_offset": (0.0, 0.0)})
        for name in _PLACING:
            transform = getattr(box, name, None)
            if transform is not None:
                matrix = sys.modules["numpy"].identity(3)
                walk.ignore_sharing(matrix)
                walk.replace(transform, {"_mtx": matrix})


_PLACING = ("offset_transform", "ref_offset_transform", "dpi_transform", "_baseline_transform")
"""The transforms of a box that drawing sets."""


@handles("matplotlib.colors.Colormap", subclasses=True)
def reduce_colormap(walk: Walk, colormap: Any) -> Reduced:
    """With its table of colors, which it makes when it is first used."""
    if getattr(colormap, "_isinit", True):
        return NotImplemented
    used = copy.copy(colormap)
    used._init()
    state = vars(used)
    walk.ignore_sharing(state)
    for value in state.values():
        walk.ignore_sharing(value)
    return copyreg.__newobj__, (type(colormap),), state  # type: ignore[attr-defined]
