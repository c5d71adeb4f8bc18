"""matplotlib: figures whose own reduce changes them."""

from __future__ import annotations

import copyreg
from typing import Any

from kishu.handlers.registry import Reduced, Walk, handles


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
    state["_cid_gen"] = int(repr(registry._cid_gen).removeprefix("count(").rstrip(")"))
    return copyreg.__newobj__, (type(registry),), state  # type: ignore[attr-defined]
