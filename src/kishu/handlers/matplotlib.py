"""Reduce matplotlib's figures, artists, transforms and colormaps without what drawing computed."""

from __future__ import annotations

import copy
import copyreg
import sys
from typing import Any

from kishu.format1 import builder
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.treatments import handles
from kishu.handlers.typeinfo import Library, know

# Loading a figure makes it pyplot's current one.
know(Library(("matplotlib", "mpl_toolkits"), loads_quietly=False))


@handles("matplotlib.cbook.CallbackRegistry", subclasses=True)
def reduce_callbacks(walk: Walk, registry: Any) -> Reduced:
    """Reduce a registry of callbacks to what its ``__getstate__`` gives, without calling that.

    Each call would advance the registry's counter, and so change the registry.
    """
    state = dict(vars(registry))
    pickled_ids = state.get("_pickled_cids", ())
    if "_cid_gen" not in state or "callbacks" not in state:
        return NotImplemented
    state["callbacks"] = {
        signal: {cid: proxy() for cid, proxy in proxies.items() if cid in pickled_ids}
        for signal, proxies in registry.callbacks.items()
    }
    state["_func_cid_map"] = None
    # Reading the counter would advance it.
    state["_cid_gen"] = max(pickled_ids, default=-1) + 1
    walk.ignore_sharing(state)
    return copyreg.__newobj__, (type(registry),), state  # type: ignore[attr-defined]


@handles("matplotlib.transforms.TransformNode", subclasses=True)
def reduce_transform(walk: Walk, node: Any) -> Reduced:
    """Reduce a transform without the results that it keeps, and without its parents.

    The results are computed again when they are needed. Its parents, the transforms that use it,
    make themselves known to it when they are rebuilt.
    """
    transforms = sys.modules["matplotlib.transforms"]
    state = dict(vars(node))
    results = ["_inverted", "_transformed_path", "_transformed_points", "_affine"]
    if not isinstance(node, transforms.Affine2D):
        results.append("_mtx")
    if not isinstance(node, transforms.Bbox):
        results.append("_points")
    for name in results:
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
    """Set a transform's attributes, and make it known to the transforms that it uses."""
    from matplotlib.transforms import TransformNode

    vars(node).update(state, _parents={})
    node._invalid = getattr(type(node), "_INVALID_FULL", getattr(type(node), "INVALID", 1))
    node.set_children(*(value for value in state.values() if isinstance(value, TransformNode)))


@handles("matplotlib.artist.Artist", subclasses=True)
def reduce_artist(walk: Walk, artist: Any) -> Reduced:
    """Reduce an artist by its own reduce, with all that drawing computes as if never drawn."""
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
    """Replace the transforms that scale an artist's points by those it has before any drawing.

    Drawing computes them from the sizes and the figure's resolution.
    """
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
    """Replace the positions of an artist's labels and titles, which each drawing computes anew."""
    # Drawing also rotates the labels of axes in three dimensions.
    is_solid = type(artist).__module__.startswith("mpl_toolkits.mplot3d.")
    unrotated = {"_rotation": 0.0} if is_solid else {}
    if state.get("_autolabelpos"):
        moved = ("_x", "_y") if is_solid else ("_y",) if artist.axis_name == "x" else ("_x",)
        walk.replace(artist.label, dict.fromkeys(moved, 0.0) | unrotated)
    if "offsetText" in state:
        walk.replace(artist.offsetText, {"_x": 0.0, "_y": 0.0} | unrotated)
    if state.get("_autotitlepos"):
        for name in ("title", "_left_title", "_right_title"):
            walk.replace(state[name], {"_y": 1.0})


def _replace_offsets(walk: Walk, artist: Any, state: dict[str, Any]) -> None:
    """Replace the offsets of the boxes in a legend or box, and the form of the frame around them.

    Each drawing computes them anew.
    """
    boxes = sys.modules.get("matplotlib.offsetbox")
    if boxes is None:
        return
    legend = getattr(sys.modules.get("matplotlib.legend"), "Legend", ())
    if isinstance(artist, legend):
        children, frame = [state.get("_legend_box")], state.get("legendPatch")
    elif isinstance(artist, (boxes.OffsetBox, boxes.AnnotationBbox)):
        children, frame = artist.get_children(), state.get("patch")
    else:
        return
    if frame is not None:
        undrawn: dict[str, Any] = {"_x": 0.0, "_y": 0.0, "_width": 1.0, "_height": 1.0}
        prop = getattr(artist, "prop", None)
        if prop is not None:
            undrawn["_mutation_scale"] = prop.get_size_in_points()
        walk.replace(frame, undrawn)
    pending = [box for box in children if isinstance(box, boxes.OffsetBox)]
    while pending:
        # Nested boxes, too: the walk may reach what is in a box before the box itself.
        box = pending.pop()
        pending += [nested for nested in box.get_children() if isinstance(nested, boxes.OffsetBox)]
        if not callable(box._offset):
            walk.replace(box, {"_offset": (0.0, 0.0)})
        for name in _PLACING:
            transform = getattr(box, name, None)
            if transform is not None:
                matrix = sys.modules["numpy"].identity(3)
                walk.ignore_sharing(matrix)
                walk.replace(transform, {"_mtx": matrix})


_PLACING = ("offset_transform", "ref_offset_transform", "dpi_transform", "_baseline_transform")
"""Names of the transforms of a box that drawing sets."""


@handles("matplotlib.colors.Colormap", subclasses=True)
def reduce_colormap(walk: Walk, colormap: Any) -> Reduced:
    """Reduce a colormap with its table of colors, which it otherwise makes at its first use."""
    if getattr(colormap, "_isinit", True):
        return NotImplemented
    initialized = copy.copy(colormap)
    initialized._init()
    state = vars(initialized)
    walk.ignore_sharing(state)
    for value in state.values():
        walk.ignore_sharing(value)
    return copyreg.__newobj__, (type(colormap),), state  # type: ignore[attr-defined]
