"""Provide the functions and classes that stored streams call, by the fixed names of format 1.

A stream calls what rebuilds a value ``kishu.format1.<name>``, whichever module defines it: so
modules can be split, moved and renamed. A name that was released is never changed or removed; new
ones may be added. A function of another package's handler has no name here: streams reach it
through `of_entry_point`, by the entry point's name and version and the function's name there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

Builder = TypeVar("Builder", bound=Callable[..., Any])

NAMES = frozenset(
    """
    ABSENT Difference Hidden
    array_over_bytes array_over_tensor axis_of_frame bind_method closed_connection
    connect_file connect_memory dead_proxy dead_ref definition fill_attributes
    fill_by_attributes fill_cell fill_context fill_context_variable fill_exception
    fill_frame fill_function fill_generator fill_instance fill_local fill_lru_cache
    fill_module fill_object_array fill_subarray fill_tensor fill_transform fill_weak_table
    fill_with_extra_state find_match find_method find_singleton find_stream
    find_syntax_operator flags_of_frame freeze_object_array ignore_content import_module
    load_code make_alias make_array make_atom_array make_cell make_context_variable
    make_detached_tensor make_dict_view make_exception make_flat_iterator make_function
    make_generator make_instance make_lock make_lru_cache make_memoryview make_meta_tensor
    make_module make_new_type make_object_array make_partial_method make_ref make_rlock
    make_segmented_array
    make_storage make_struct_layout make_subarray make_tensor make_tensor_view
    make_text_wrapper make_traceback make_type_variable make_with_dict of_entry_point
    open_closed_file open_file open_memmap released_view seek_file set_connection_options
    storage_over_array the_kernel the_shell unstorable view_array view_of_frame view_record
    view_subarray
    """.split()  # noqa: SIM905 - a list that is read as a table
)
"""All names that a stream of format 1 may call."""


def builder(built_by: Builder) -> Builder:
    """Register a function or class under its own name, for streams to call; a decorator.

    Pickle then writes it as an attribute of this module.

    Raises:
        ValueError: the name is not in `NAMES`, or another object is registered under it.
    """
    register(built_by.__name__, built_by)
    built_by.__module__ = __name__
    built_by.__qualname__ = built_by.__name__
    return built_by


def register(name: str, built_by: Any) -> None:
    """Register an object under a name, for streams to call.

    Args:
        name: one of `NAMES`.
        built_by: the object; where it is pickled, it must say itself that it is found here.

    Raises:
        ValueError: the name is not in `NAMES`, or another object is registered under it.
    """
    if name not in NAMES:
        raise ValueError(f"{name} is not in the list of names that streams may call.")
    module = sys.modules[__name__]
    if getattr(module, name, built_by) is not built_by:
        raise ValueError(f"Two builders are named {name}.")
    setattr(module, name, built_by)
