"""torch: tensors through their storages, so that views and tied weights stay tied."""

from __future__ import annotations

import sys
from typing import Any

from kishu.handlers import building, singletons
from kishu.handlers.registry import Reduced, Walk, declare, handles


@handles("torch.Tensor", "torch.nn.parameter.Parameter")
def reduce_tensor(walk: Walk, tensor: Any) -> Reduced:
    """A strided tensor as a place within its storage; other kinds as torch has it."""
    torch = sys.modules["torch"]
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return NotImplemented
    if tensor.grad_fn is not None:
        return walk.hole(tensor, "it belongs to an autograd graph, which cannot be stored",
                         tensor.detach())  # fmt: skip
    arguments = (
        tensor.untyped_storage(), str(tensor.dtype), tensor.storage_offset(),
        tuple(tensor.size()), tensor.stride(), tensor.requires_grad,
        type(tensor) is not torch.Tensor, tensor.is_conj(), tensor.is_neg(),
    )  # fmt: skip
    state = {"grad": tensor.grad, **tensor.__dict__}
    if tensor._backward_hooks:
        state["_backward_hooks"] = tensor._backward_hooks
    return make_tensor, arguments, state, None, None, fill_tensor


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
) -> Any:
    """A tensor that looks at ``storage``."""
    import torch

    kind = getattr(torch, dtype.removeprefix("torch."))
    tensor = torch.empty(0, dtype=kind, device=storage.device)
    tensor.set_(storage, offset, size, stride)
    tensor = tensor.conj() if conjugate else tensor
    tensor = torch._neg_view(tensor) if negative else tensor
    if parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


def fill_tensor(tensor: Any, state: dict[str, Any]) -> None:
    """Give a tensor its gradient and the attributes set on it."""
    tensor.grad = state.pop("grad")
    hooks = state.pop("_backward_hooks", None)
    if hooks:
        tensor._backward_hooks = hooks
    tensor.__dict__.update(state)


@handles("torch.storage.UntypedStorage")
def reduce_storage(walk: Walk, storage: Any) -> Reduced:
    """A storage by its bytes; one on another device is copied to be read."""
    device = str(storage.device)
    on_host = device == "cpu"
    index = walk.memory(storage_bytes(storage if on_host else storage.cpu()), on_host)
    return make_storage, (index, storage.nbytes(), device)


def storage_bytes(storage: Any) -> memoryview:
    """The memory of a storage in main memory."""
    import ctypes

    if storage.nbytes() == 0:
        return memoryview(b"")
    raw = (ctypes.c_ubyte * storage.nbytes()).from_address(storage.data_ptr())
    raw._keeps = storage  # the memory lives as long as the view
    return memoryview(raw).cast("B")


def make_storage(index: int, nbytes: int, device: str) -> Any:
    """A storage with the bytes of a buffer."""
    import torch

    storage = torch.UntypedStorage(nbytes)
    if nbytes:
        building.now().memory(index, storage_bytes(storage))
    return storage if device == "cpu" else storage.to(device=device)


@handles("torch._C.Generator", "torch.Generator")
def reduce_generator(walk: Walk, generator: Any) -> Reduced:
    """A random generator by its state; the one that torch draws from by that."""
    place = singletons.place_of(generator)
    if place is not None:
        return singletons.find_singleton, place
    state = generator.get_state().numpy().tobytes()
    return make_generator, (str(generator.device),), state, None, None, fill_generator


def make_generator(device: str) -> Any:
    """A random generator."""
    import torch

    return torch.Generator(device=device)


def fill_generator(generator: Any, state: bytes) -> None:
    """Put a generator into a state."""
    import torch

    generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


declare("torch.dtype", "torch.device", "torch.Size", "torch.memory_format", "torch.layout",
        links=False)  # fmt: skip
