"""torch: tensors through their storages, so that views and tied weights stay tied."""

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
    """Give a live leaf the content of another; where its storage has the size, it stays."""
    import torch

    if not live.layout is new.layout is torch.strided:
        # Found when it is looked at, and loaded whole.
        return lambda: None
    if live.grad_fn is not None or live.dtype != new.dtype:
        return lambda: None
    storage, other = live.untyped_storage(), new.untyped_storage()
    place = storage, live.storage_offset(), live.size(), live.stride()
    hung = live.requires_grad, live.grad, dict(live.__dict__)
    kept = storage is other or storage.nbytes() == other.nbytes()
    old = storage.clone() if kept and storage is not other else None

    def back() -> None:
        if old is not None:
            storage.copy_(old)
        _put(live, place, *hung)

    if old is not None:
        storage.copy_(other)
    there = new.storage_offset(), new.size(), new.stride()
    _put(
        live, (storage if kept else other, *there), new.requires_grad, new.grad, dict(new.__dict__)
    )
    return back


def _put(
    tensor: Any, place: tuple[Any, ...], requires_grad: bool, grad: Any, attributes: dict[str, Any]
) -> None:
    import torch

    try:
        with torch.no_grad():
            tensor.set_(*place)
        tensor.requires_grad_(requires_grad)
        tensor.grad = grad
    except RuntimeError:
        # Of another form than it was: found when it is looked at, and loaded whole.
        return
    tensor.__dict__.clear()
    tensor.__dict__.update(attributes)


@handles("torch.Tensor", "torch.nn.parameter.Parameter", subclasses=True, fill=refill_tensor)
def reduce_tensor(walk: Walk, tensor: Any) -> Reduced:
    """A strided tensor as a place within its storage; other kinds as torch has it."""
    torch = sys.modules["torch"]
    cls = type(tensor)
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return NotImplemented
    if cls not in (torch.Tensor, torch.nn.Parameter) and importable(cls):
        # A library's own way, which may be the only one that knows.
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
    """Whether autograd knows of which tensor it is a view, and strides alone make it again."""
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
    """A view of a tensor, which autograd knows to be one."""
    return base.as_strided(size, stride, offset)


def _is_used_up(tensor: Any) -> bool:
    """Whether a ``backward()`` has let go of what the tensor's graph had saved."""
    waiting, met = [tensor.grad_fn], set[Any]()
    while waiting and len(met) < _MOST_STEPS:
        step = waiting.pop()
        if step in met:
            continue
        met.add(step)
        waiting += [before for before, _ in step.next_functions if before is not None]
        for name in dir(step):
            if name.startswith("_raw_saved_"):
                try:
                    getattr(step, name.removeprefix("_raw"))
                except RuntimeError:
                    return True
                return False
    return False


_MOST_STEPS = 32


@builder
def make_detached_tensor(*arguments: Any) -> Any:
    """What a tensor was whose graph had been used up."""
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
    """A tensor that looks at ``storage``."""
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
    """A tensor on no device: a form without content."""
    import torch

    kind = getattr(torch, dtype.removeprefix("torch."))
    tensor = torch.empty_strided(size, stride, dtype=kind, device="meta")
    if parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


@builder
def fill_tensor(tensor: Any, state: dict[str, Any]) -> None:
    """Give a tensor its gradient and the attributes set on it."""
    tensor.grad = state.pop("grad")
    hooks = state.pop("_backward_hooks", None)
    if hooks:
        tensor._backward_hooks = hooks
    tensor.__dict__.update(state)


@finds_foreign_memory
def reduce_array_over_tensor(array: Any, base: Any, form: tuple[Any, ...]) -> Reduced | None:
    """Reduce an array that looks at a tensor's memory to the tensor, and the place in it."""
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
    """An array that looks at a tensor's memory."""
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
    """A storage by its bytes; one on another device is copied to be read."""
    device = str(storage.device)
    on_host = device == "cpu"
    if on_host and not storage.resizable():
        found = owner_at(walk, storage.data_ptr(), storage.nbytes())
        if found is not None:
            return storage_over_array, (*found, storage.nbytes())
    index = walk.memory(storage_bytes(storage if on_host else storage.cpu()), on_host)
    shared = (True,) if on_host and storage.is_shared() else ()
    return make_storage, (index, storage.nbytes(), device, *shared)


@builder
def storage_over_array(array: Any, at: int, nbytes: int) -> Any:
    """The storage of tensors that look at an array's memory, from a byte of it on."""
    import torch

    line = flat(array)
    assert line is not None, "an owner of memory has no gaps"
    return torch.from_numpy(line.view("u1")[at : at + nbytes]).untyped_storage()


def storage_bytes(storage: Any) -> memoryview:
    """The memory of a storage in main memory."""
    import ctypes

    if storage.nbytes() == 0:
        return memoryview(b"")
    raw = (ctypes.c_ubyte * storage.nbytes()).from_address(storage.data_ptr())
    raw._keeps = storage  # the memory lives as long as the view
    return memoryview(raw).cast("B")


@builder
def make_storage(index: int, nbytes: int, device: str, shared: bool = False) -> Any:
    """A storage with the bytes of a buffer, perhaps in memory that processes can share."""
    import torch

    storage = torch.UntypedStorage(nbytes)
    if shared:
        storage.share_memory_()
    if nbytes:
        loading.now().memory(index, storage_bytes(storage))
    return storage if device == "cpu" else storage.to(device=device)


@handles("torch._C.Generator", "torch.Generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """A random generator by its state; the one that torch draws from by that."""
    place = singletons.place_of(generator)
    if place is not None:
        return singletons.find_singleton, place
    state = generator.get_state().numpy().tobytes()
    return make_generator, (str(generator.device),), state, None, None, fill_generator


@builder
def make_generator(device: str) -> Any:
    """A random generator."""
    import torch

    return torch.Generator(device=device)


@builder
def fill_generator(generator: Any, state: bytes) -> None:
    """Put a generator into a state."""
    import torch

    generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


are_values(
    "torch.dtype", "torch.device", "torch.Size", "torch.memory_format", "torch.layout"
)  # fmt: skip
