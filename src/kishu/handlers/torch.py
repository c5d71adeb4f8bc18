"""Reduce and rebuild torch's tensors, storages and random generators.

A tensor is stored as a place in its storage, so that tensors that shared memory share it again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from kishu.format1 import builder
from kishu.handlers import loading, singletons
from kishu.handlers.api import Reduced, Walk
from kishu.handlers.geometry import address_of, flat, owner_at
from kishu.handlers.numpy import finds_foreign_memory
from kishu.handlers.treatments import are_values, handles
from kishu.handlers.typeinfo import importable


def refill_tensor(live: Any, new: Any) -> Callable[[], None]:
    """Give a live tensor the content of another, and return a function that takes this back.

    The live tensor keeps its storage if the sizes agree. Nothing is done for a tensor that autograd
    computed, for another type of elements, or for one that is not strided: verifying the restore
    then finds the difference, and the tensor is loaded whole.
    """
    import torch

    if not live.layout is new.layout is torch.strided:
        return lambda: None
    if live.grad_fn is not None or live.dtype != new.dtype:
        return lambda: None
    storage, new_storage = live.untyped_storage(), new.untyped_storage()
    place = storage, live.storage_offset(), live.size(), live.stride()
    live_attributes = live.requires_grad, live.grad, dict(live.__dict__)
    keeps_storage = storage is new_storage or storage.nbytes() == new_storage.nbytes()
    old = storage.clone() if keeps_storage and storage is not new_storage else None

    def take_back() -> None:
        if old is not None:
            storage.copy_(old)
        _set(live, place, *live_attributes)

    if old is not None:
        storage.copy_(new_storage)
    target = storage if keeps_storage else new_storage
    new_place = target, new.storage_offset(), new.size(), new.stride()
    _set(live, new_place, new.requires_grad, new.grad, dict(new.__dict__))
    return take_back


def _set(
    tensor: Any, place: tuple[Any, ...], requires_grad: bool, grad: Any, attributes: dict[str, Any]
) -> None:
    """Set a tensor's place in a storage, its gradient and its attributes.

    The attributes come last, and only if torch has accepted all the rest.

    Args:
        tensor: the tensor.
        place: the storage, the offset in it, the size and the strides.
        requires_grad: whether autograd records what is computed from the tensor.
        grad: the gradient; None if there is none.
        attributes: all other attributes.
    """
    import torch

    try:
        with torch.no_grad():
            tensor.set_(*place)
        tensor.requires_grad_(requires_grad)
        tensor.grad = grad
    except RuntimeError:
        # The forms differ. Verifying the restore finds that, and the tensor is loaded whole.
        return
    tensor.__dict__.clear()
    tensor.__dict__.update(attributes)


@handles("torch.Tensor", "torch.nn.parameter.Parameter", subclasses=True, fill=refill_tensor)
def reduce_tensor(walk: Walk, tensor: Any) -> Reduced:
    """Reduce a strided tensor to its place in its storage.

    Returns:
        Pickle's reduce tuple; NotImplemented, so that torch's own reduce is used, for sparse and
        quantized tensors and for other libraries' subclasses. A tensor that autograd computed is
        left out, unless ``backward()`` has freed its graph: then it is stored without the graph.
    """
    torch = sys.modules["torch"]
    cls = type(tensor)
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return NotImplemented
    if cls not in (torch.Tensor, torch.nn.Parameter) and importable(cls):
        # Only the library may know all of its state: its own reduce is used.
        return NotImplemented
    used_up = tensor.grad_fn is not None and _is_used_up(tensor)
    if used_up:
        walk.renew_id(tensor)
    elif tensor.grad_fn is not None:
        detail = "it belongs to an autograd graph"
        return walk.unstorable(tensor, "copies", detail, tensor.detach())
    if tensor.device.type == "meta":
        form = (tuple(tensor.size()), tensor.stride(), str(tensor.dtype), tensor.requires_grad)
        return make_meta_tensor, (*form, cls is torch.nn.Parameter), tensor.__dict__ or None
    return _reduce_with_memory(tensor, used_up)


def _reduce_with_memory(tensor: Any, used_up: bool) -> Reduced:
    """Reduce a strided tensor that has memory.

    Args:
        tensor: the tensor.
        used_up: whether ``backward()`` freed the graph that the tensor was computed by.
    """
    torch, cls = sys.modules["torch"], type(tensor)
    arguments: tuple[Any, ...] = (
        tensor.untyped_storage(), str(tensor.dtype), tensor.storage_offset(),
        tuple(tensor.size()), tensor.stride(), tensor.requires_grad and not used_up,
        cls is torch.nn.Parameter, tensor.is_conj(), tensor.is_neg(),
    )  # fmt: skip
    own = None if cls in (torch.Tensor, torch.nn.Parameter) else cls
    if own is not None or tensor.is_inference():
        arguments = (*arguments, own, tensor.is_inference())
    if used_up:
        return make_detached_tensor, arguments
    state = {"grad": tensor.grad, **tensor.__dict__}
    if tensor._backward_hooks:
        state["_backward_hooks"] = tensor._backward_hooks
    if _is_plain_view(tensor):
        place = tuple(tensor.size()), tensor.stride(), tensor.storage_offset()
        return make_tensor_view, (tensor._base, *place), state, None, None, fill_tensor
    return make_tensor, arguments, state, None, None, fill_tensor


def _is_plain_view(tensor: Any) -> bool:
    """Return True if autograd knows the tensor's base, and size and strides alone make the view."""
    base = tensor._base if tensor._is_view() else None
    return (
        base is not None
        and base.layout is tensor.layout
        and type(tensor).__module__ == type(base).__module__ == "torch"
        and not (tensor.requires_grad or base.requires_grad or tensor.is_inference())
        and tensor.dtype == base.dtype
        and tensor.is_conj() is base.is_conj() is tensor.is_neg() is base.is_neg() is False
    )


@builder
def make_tensor_view(base: Any, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Any:
    """Return a view of a tensor that autograd, too, knows as a view of it."""
    return base.as_strided(size, stride, offset)


def _is_used_up(tensor: Any) -> bool:
    """Return True if a ``backward()`` has freed what the tensor's graph had saved.

    The first node that saves something decides; a long graph is not searched to its end.
    """
    pending, visited = [tensor.grad_fn], set[Any]()
    while pending and len(visited) < _MOST_STEPS:
        step = pending.pop()
        if step in visited:
            continue
        visited.add(step)
        pending += [earlier for earlier, _ in step.next_functions if earlier is not None]
        for name in dir(step):
            if name.startswith("_raw_saved_"):
                try:
                    getattr(step, name.removeprefix("_raw"))
                except RuntimeError:
                    return True
                return False
    return False


_MOST_STEPS = 32
"""How many nodes of an autograd graph are looked at, at most."""


@builder
def make_detached_tensor(*arguments: Any) -> Any:
    """Return a tensor without the graph that computed it, and have the report say so.

    It is called with what `make_tensor` is called with.
    """
    loading.now().note("its autograd graph, used up by then, did not come back")
    return make_tensor(*arguments)


@builder
def make_tensor(
    storage: Any,
    dtype: str,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool,
    parameter: bool,
    conjugate: bool = False,
    negative: bool = False,
    cls: Any = None,
    inference: bool = False,
) -> Any:
    """Return a tensor that shows a place in a storage.

    Args:
        storage: the storage.
        dtype: the elements' type, as ``torch.float32``.
        offset: the first element's place, in elements.
        size: the tensor's size.
        stride: the distances of neighbours along each dimension, in elements.
        requires_grad: whether autograd records what is computed from the tensor.
        parameter: whether it is a `torch.nn.Parameter`.
        conjugate: whether the elements are read as the conjugates of those stored.
        negative: whether they are read with the opposite sign.
        cls: the notebook's subclass of tensors that it is of; None for torch's own.
        inference: whether it was made in inference mode.
    """
    import torch

    kind = getattr(torch, dtype.removeprefix("torch."))
    with torch.inference_mode(inference):
        tensor = torch.empty(0, dtype=kind, device=storage.device)
        tensor.set_(storage, offset, size, stride)
    tensor = tensor.conj() if conjugate else tensor
    tensor = torch._neg_view(tensor) if negative else tensor
    if parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    if cls is not None:
        tensor = tensor.as_subclass(cls)
    return tensor.requires_grad_(requires_grad)


@builder
def make_meta_tensor(
    size: tuple[int, ...], stride: tuple[int, ...], dtype: str, requires_grad: bool, parameter: bool
) -> Any:
    """Return a tensor on the device ``meta``, which has a form but no memory."""
    import torch

    kind = getattr(torch, dtype.removeprefix("torch."))
    tensor = torch.empty_strided(size, stride, dtype=kind, device="meta")
    if parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


@builder
def fill_tensor(tensor: Any, state: dict[str, Any]) -> None:
    """Set a tensor's gradient, its hooks and the attributes that were set on it."""
    tensor.grad = state.pop("grad")
    hooks = state.pop("_backward_hooks", None)
    if hooks:
        tensor._backward_hooks = hooks
    tensor.__dict__.update(state)


@finds_foreign_memory
def reduce_array_over_tensor(array: Any, base: Any, form: tuple[Any, ...]) -> Reduced | None:
    """Reduce an array that shows a tensor's memory to the tensor and its place in that memory.

    Args:
        array: the array.
        base: the object whose memory it shows.
        form: the array's dtype, shape and strides.

    Returns:
        Pickle's reduce tuple; None if the base is no object of torch.
    """
    if type(base).__module__.partition(".")[0] != "torch":
        return None
    offset = address_of(array) - base.untyped_storage().data_ptr()
    return array_over_tensor, (base, *form, offset, array.flags.writeable)


@builder
def array_over_tensor(
    tensor: Any,
    dtype: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    writeable: bool,
) -> Any:
    """Return an array that shows a tensor's memory.

    Args:
        tensor: the tensor.
        dtype: the array's type of elements.
        shape: the array's shape.
        strides: the distances of neighbours along each axis, in bytes.
        offset: the first element's place in the tensor's storage, in bytes.
        writeable: whether the array can be written to.
    """
    import numpy as np
    import torch

    with torch.no_grad():
        whole = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())
    array = np.ndarray(shape, dtype, whole.numpy(), offset, strides)
    if not writeable:
        array.flags.writeable = False
    return array


@handles("torch.storage.UntypedStorage")
def reduce_storage(walk: Walk, storage: Any) -> Reduced:
    """Reduce a storage to its bytes, or to the variable's array whose memory it shows.

    A storage on another device is copied to main memory in order to read it.
    """
    device = str(storage.device)
    on_host = device == "cpu"
    if on_host and not storage.resizable():
        owner = owner_at(walk, storage.data_ptr(), storage.nbytes())
        if owner is not None:
            return storage_over_array, (*owner, storage.nbytes())
    index = walk.memory(storage_bytes(storage if on_host else storage.cpu()), on_host)
    shared = (True,) if on_host and storage.is_shared() else ()
    return make_storage, (index, storage.nbytes(), device, *shared)


@builder
def storage_over_array(array: Any, at: int, nbytes: int) -> Any:
    """Return a storage that shows ``nbytes`` bytes of an array's memory, from byte ``at`` on."""
    import torch

    line = flat(array)
    assert line is not None, "an owner of memory has no gaps"
    return torch.from_numpy(line.view("u1")[at : at + nbytes]).untyped_storage()


def storage_bytes(storage: Any) -> memoryview:
    """Return the bytes of a storage that lies in main memory; the view keeps the storage alive."""
    import ctypes

    if storage.nbytes() == 0:
        return memoryview(b"")
    raw = (ctypes.c_ubyte * storage.nbytes()).from_address(storage.data_ptr())
    # The memory lives as long as the view.
    raw._keeps = storage
    return memoryview(raw).cast("B")


@builder
def make_storage(index: int, nbytes: int, device: str, shared: bool = False) -> Any:
    """Return a torch storage with the bytes of a buffer.

    Args:
        index: the buffer's position in the stored value.
        nbytes: its size in bytes.
        device: the device that the storage is on, as ``cpu`` or ``cuda:0``.
        shared: whether its memory can be shared between processes.
    """
    import torch

    storage = torch.UntypedStorage(nbytes)
    if shared:
        storage.share_memory_()
    if nbytes:
        loading.now().memory(index, storage_bytes(storage))
    return storage if device == "cpu" else storage.to(device=device)


@handles("torch._C.Generator", "torch.Generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """Reduce a random generator to its device and state, and torch's default one to its name."""
    place = singletons.place_of(generator)
    if place is not None:
        return singletons.find_singleton, place
    state = generator.get_state().numpy().tobytes()
    return make_generator, (str(generator.device),), state, None, None, fill_generator


@builder
def make_generator(device: str) -> Any:
    """Return a new random generator of torch on a device."""
    import torch

    return torch.Generator(device=device)


@builder
def fill_generator(generator: Any, state: bytes) -> None:
    """Set the state of a random generator of torch, given as bytes."""
    import torch

    generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


are_values(
    "torch.dtype", "torch.device", "torch.Size", "torch.memory_format", "torch.layout"
)  # fmt: skip
