"""A canonical text of a notebook's variables, for telling two states of a session apart.

Two namespaces have the same text when no program could tell them apart by the values of the
variables or by what is shared between them. The text holds no address and does not depend on
hash seeds. It is flat: every object with parts has one line of a numbered table, and whatever
refers to it says `{"ref": number}`, so that sharing and cycles show and nothing recurses.

The module stands alone, so that its source can be executed inside a kernel. It never calls
the methods of classes defined in the notebook.
"""

from __future__ import annotations

import copyreg
import gc
import hashlib
import json
import re
import sys
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

Json = Any
Fill = Callable[[Any], "dict[str, Json]"]

_SHELL_NAMES = re.compile(r"__\w*__|_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out|exit|quit|get_ipython")
_LONG = 256  # a longer collection is told by its digest
_WITH_PARTS = object()
_PLAIN = (complex, bytes, range, type(...), type(NotImplemented))
_BY_VALUE = (
    *(tuple, frozenset, slice, types.CodeType, types.MethodType),
    *(types.BuiltinFunctionType, types.MethodWrapperType),
)
_HOMES_OF_VALUES = re.compile(r"(datetime|decimal|fractions|uuid|pathlib|zoneinfo|pandas\._libs)\b")
_REDUCERS = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")
_UNTOLD_OF_CLASSES = {
    *("__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"),
    *("__annotations_cache__", "__slotnames__", "_abc_impl"),
}


def describe(namespace: dict[str, object], skip: Collection[str] = frozenset()) -> str:
    """The canonical text of all the user's variables in `namespace`, but those in `skip`."""
    walk = _Walk(namespace)
    names = [name for name in sorted(namespace) if _is_users(name, namespace[name], skip)]
    told = [f"{json.dumps(name)}: {json.dumps(walk.see(namespace[name]))}" for name in names]
    return '{"names": {\n' + ",\n".join(told) + '\n},\n"objects": [\n' + walk.text() + "\n]}"


def _is_users(name: str, value: object, skip: Collection[str]) -> bool:
    """Whether a variable is the user's, rather than the shell's or one to skip."""
    if name in skip or _SHELL_NAMES.fullmatch(name):
        return False
    is_function = name == "open" and type(value) is types.FunctionType
    home = getattr(value, "__globals__", {}) if is_function else {}
    return not str(home.get("__name__")).startswith("IPython.")


def _digest(data: bytes) -> Json:
    return {"sha256": hashlib.sha256(data).hexdigest()}


def _is_reducer(kind: type) -> bool:
    """Whether a library's class says itself what its instances are made of."""
    return kind in copyreg.dispatch_table or any(
        getattr(kind, name, None) is not getattr(object, name, None) for name in _REDUCERS
    )


class _Walk:
    """One visit of every object in reach; a visit inside a visit carries on its numbers."""

    def __init__(self, namespace: dict[str, object], outer: _Walk | None = None) -> None:
        self.namespace = namespace
        self.numbers: dict[int, int] = dict(outer.numbers) if outer else {}
        self.memories: dict[int, int] = dict(outer.memories) if outer else {}
        self.attributes: set[int] = set(outer.attributes) if outer else set()
        self.first: int = outer.first + len(outer.objects) if outer else 0
        self.objects: list[object] = []  # also keeps the temporary ones alive: ids stay unique
        self.numpy: Any = sys.modules.get("numpy")
        self.pandas: Any = sys.modules.get("pandas")
        self.fills = self._fills()

    def see(self, obj: object) -> Json:
        """How another object tells of `obj`: by its value, its name, or its number."""
        told = self._inline(obj)
        if told is not _WITH_PARTS:
            return told
        number = self.first + len(self.objects)
        self.objects.append(obj)
        if not self._is_value(type(obj)):
            self.numbers[id(obj)] = number
        return {"ref": number}

    def text(self) -> str:
        """The table of the objects; a set waits until all else in reach has its number."""
        told: dict[int, str] = {}
        waiting: deque[int] = deque()
        position = 0
        while position < len(self.objects) or waiting:
            if position == len(self.objects):
                index = waiting.popleft()
            elif issubclass(type(self.objects[position]), (set, frozenset)):
                waiting.append(position)
                position += 1
                continue
            else:
                index, position = position, position + 1
            entry = {"#": self.first + index, **self._entry(self.objects[index])}
            told[index] = json.dumps(entry)
        return ",\n".join(told[index] for index in sorted(told))

    def _inline(self, obj: Any) -> Json:
        kind = type(obj)
        if obj is None or kind in (bool, str):
            return obj
        if kind is int:
            return obj if abs(obj) < 1 << 64 else {"int": hex(obj)}
        if kind is float:
            return {"float": obj.hex()}
        if kind in _PLAIN:
            return {kind.__name__: repr(obj)}
        if self.numpy and issubclass(kind, self.numpy.generic):
            return {"scalar": [repr(obj.dtype), repr(obj)]}
        if self.numpy and issubclass(kind, self.numpy.dtype):
            return {"dtype": repr(obj)}
        if obj is self.namespace:
            return {"the": "namespace"}
        if name := self._library_name(obj):
            return {"library": name}
        if id(obj) in self.numbers:
            return {"ref": self.numbers[id(obj)]}
        return _WITH_PARTS

    def _library_name(self, obj: Any) -> str | None:
        """The name that finds `obj` in a library, if it is a module, a class or a function."""
        kind = type(obj)
        if issubclass(kind, types.ModuleType):
            name = str(obj.__name__)
            return name if sys.modules.get(name) is obj else None
        if issubclass(kind, type):
            return None if obj.__module__ == "__main__" else f"{obj.__module__}.{obj.__qualname__}"
        if kind not in (types.FunctionType, types.BuiltinFunctionType):
            return None
        if obj.__module__ == "__main__" or getattr(obj, "__globals__", None) is self.namespace:
            return None
        found: Any = sys.modules.get(obj.__module__)
        for part in obj.__qualname__.split("."):
            found = getattr(found, part, None)
        return f"{obj.__module__}.{obj.__qualname__}" if found is obj else None

    def _is_value(self, kind: type) -> bool:
        if kind in _BY_VALUE or _HOMES_OF_VALUES.match(str(kind.__module__)):
            return True
        return hasattr(self.pandas, "Index") and issubclass(kind, self.pandas.Index)

    def _entry(self, obj: object) -> dict[str, Json]:
        kind = type(obj)
        name = self._library_name(kind)
        entry = {"type": name.removeprefix("builtins.") if name else self.see(kind)}
        fill = next((fill for base, fill in self.fills if issubclass(kind, base)), self._instance)
        return entry | fill(obj)

    def _fills(self) -> list[tuple[type | tuple[type, ...], Fill]]:
        """What tells the parts of the instances of each type, the first that fits."""
        fills: list[tuple[type | tuple[type, ...], Fill]] = [
            (type, self._class),
            (types.FunctionType, self._function),
            (types.CodeType, self._code),
            (types.CellType, self._cell),
            (types.MethodType, lambda obj: self._named(obj, "__func__", "__self__")),
            (types.GeneratorType, lambda obj: self._generator(obj, "gi")),
            (types.CoroutineType, lambda obj: self._generator(obj, "cr")),
            (types.AsyncGeneratorType, lambda obj: self._generator(obj, "ag")),
            (BaseException, lambda obj: self._named(obj, "args") | self._attributes(obj)),
            (dict, self._dict),
            *((base, partial(self._sequence, base)) for base in (list, tuple, deque)),
            ((set, frozenset), self._set),
            (bytearray, lambda obj: {"value": bytes(obj).hex()} | self._held(obj)),
            (memoryview, self._memoryview),
            (weakref.ref, lambda obj: {"to": self.see(weakref.ref.__call__(obj))}),
            ((types.MappingProxyType, type({}.keys())), self._window),
            ((type({}.values()), type({}.items())), self._window),
            (type(iter(set())), lambda obj: {"left": self._set(set(obj.__reduce__()[1][0]))}),
            *((base, partial(self._atom, base)) for base in (int, float, complex, str, bytes)),
        ]
        if self.numpy:
            fills.append((self.numpy.ndarray, self._array))
        if hasattr(self.pandas, "api"):
            fills.append(((self.pandas.DataFrame, self.pandas.Series), self._frame))
            fills.append((self.pandas.Index, self._index))
            fills.append((self.pandas.api.extensions.ExtensionArray, self._column))
        return fills

    # Collections.

    def _many(self, told: list[Json]) -> Json:
        return told if len(told) <= _LONG else _digest(json.dumps(told).encode())

    def _sequence(self, base: Any, obj: Any) -> dict[str, Json]:
        told = {"items": self._many([self.see(item) for item in base.__iter__(obj)])}
        return told | ({"maxlen": obj.maxlen} if base is deque else {}) | self._held(obj)

    def _dict(self, obj: Any) -> dict[str, Json]:
        base = OrderedDict if issubclass(type(obj), OrderedDict) else dict
        items = list(base.items(obj))
        if id(obj) in self.attributes and all(type(key) is str for key, _ in items):
            items.sort(key=lambda item: str(item[0]))
        told = [[self.see(key), self.see(value)] for key, value in items]
        return {"items": self._many(told)} | self._held(obj)

    def _set(self, obj: Any) -> dict[str, Json]:
        base: Any = set if issubclass(type(obj), set) else frozenset
        inline, others = [], []
        for item in base.__iter__(obj):
            told = self._inline(item)
            if told is _WITH_PARTS:
                others.append(item)
            else:
                inline.append(told)
        if len(others) > 1:
            others.sort(key=self._alone)
        items = sorted(inline, key=json.dumps) + [self.see(item) for item in others]
        return {"items": self._many(items)} | self._held(obj)

    def _alone(self, item: object) -> str:
        """The text by itself of an item of a set, which gives it a place among the others.

        Items whose texts are the same are told in any order; what else refers to them has
        mostly given them numbers before, which tells them apart.
        """
        walk = _Walk(self.namespace, self)
        walk.see(item)
        return walk.text()

    def _window(self, obj: object) -> dict[str, Json]:
        return {"over": [self.see(inner) for inner in gc.get_referents(obj)]}

    def _memoryview(self, obj: memoryview) -> dict[str, Json]:
        layout = [obj.format, obj.shape, obj.strides, obj.readonly]
        return {"over": self.see(obj.obj), "layout": layout, "value": _digest(obj.tobytes())}

    # Instances.

    def _named(self, obj: object, *names: str) -> dict[str, Json]:
        return {name: self.see(getattr(obj, name)) for name in names}

    def _atom(self, base: type, obj: object) -> dict[str, Json]:
        exact = getattr(base, f"__{base.__name__}__")  # int.__int__ and the like
        return {"value": self.see(exact(obj))} | self._held(obj)

    def _attributes(self, obj: object) -> dict[str, Json]:
        try:
            own = object.__getattribute__(obj, "__dict__")
        except AttributeError:
            return {}
        if type(own) is not dict:
            return {}
        self.attributes.add(id(own))
        return {"attributes": self.see(own)}

    def _held(self, obj: object) -> dict[str, Json]:
        """What any instance may hold: a `__dict__` and slots."""
        slots = {
            f"{base.__qualname__}.{name}": member
            for base in type(obj).__mro__
            for name, member in vars(base).items()
            if type(member) is types.MemberDescriptorType
        }
        held = self._attributes(obj)
        for name in sorted(slots):
            try:
                held[name] = self.see(slots[name].__get__(obj))
            except AttributeError:
                held[name] = {"empty": True}
        return held

    def _instance(self, obj: object) -> dict[str, Json]:
        """Any other object: what its library says it is made of, or what it holds."""
        homes = (base for base in type(obj).__mro__ if base.__module__ != "__main__")
        home: Any = next(filter(_is_reducer, homes), None)
        if home is None:
            return self._held(obj)
        reduce = copyreg.dispatch_table.get(home)
        try:
            made: Any = reduce(obj) if reduce else home.__reduce_ex__(obj, 4)
        except Exception:  # the library has no answer, such as an iterator of a changed dict
            return self._held(obj)
        if isinstance(made, str):
            return {"name": made} | self._held(obj)
        maker, arguments, *state = made
        told = {"maker": self.see(maker), "arguments": [self.see(item) for item in arguments]}
        told["state"] = [self.see(item) for item in state]
        return told if home is type(obj) else told | self._held(obj)

    # Code.

    def _class(self, obj: type) -> dict[str, Json]:
        own = {name: value for name, value in vars(obj).items() if name not in _UNTOLD_OF_CLASSES}
        return {
            "name": obj.__qualname__,
            "bases": [self.see(base) for base in obj.__bases__],
            "mro": [base.__qualname__ for base in obj.__mro__],
            "own": {str(name): self.see(own[name]) for name in sorted(own)},
        }

    def _function(self, obj: types.FunctionType) -> dict[str, Json]:
        names = ("__name__", "__qualname__", "__module__", "__doc__", "__code__")
        told = self._named(obj, *names, "__defaults__", "__kwdefaults__")
        lazy = sys.version_info >= (3, 14)  # there, to ask for the annotations makes them
        notes = getattr(obj, "__annotate__" if lazy else "__annotations__")
        told["annotations"] = self.see(notes or None)
        told["closure"] = [self.see(cell) for cell in obj.__closure__ or ()]
        home = "the namespace" if obj.__globals__ is self.namespace else None
        told["globals"] = home or repr(obj.__globals__.get("__name__"))
        return told | (self._attributes(obj) if vars(obj) else {})

    def _code(self, obj: types.CodeType) -> dict[str, Json]:
        counts = (obj.co_argcount, obj.co_posonlyargcount, obj.co_kwonlyargcount, obj.co_flags)
        return {
            "name": obj.co_qualname,
            "counts": counts,
            "bytes": obj.co_code.hex() + "/" + obj.co_exceptiontable.hex(),
            "names": [obj.co_names, obj.co_varnames, obj.co_freevars, obj.co_cellvars],
            "constants": [self.see(constant) for constant in obj.co_consts],
        }

    def _cell(self, obj: types.CellType) -> dict[str, Json]:
        try:
            return {"holds": self.see(obj.cell_contents)}
        except ValueError:
            return {"empty": True}

    def _generator(self, obj: Any, prefix: str) -> dict[str, Json]:
        told = {"name": obj.__qualname__, "code": self.see(getattr(obj, f"{prefix}_code"))}
        frame = getattr(obj, f"{prefix}_frame")
        if frame is None:
            return told | {"exhausted": True}
        names = dict(frame.f_locals)
        local = {id(value) for value in names.values()}
        stack = [inner for inner in gc.get_referents(obj) if hasattr(type(inner), "__next__")]
        told["at"] = frame.f_lasti
        told["locals"] = {name: self.see(names[name]) for name in sorted(names)}
        told["stack"] = [self.see(inner) for inner in stack if id(inner) not in local]
        return told

    # Arrays and frames.

    def _array(self, obj: Any) -> dict[str, Json]:
        start, root = self._memory(obj)
        told = self._column(obj) | {
            "shape": obj.shape,
            "strides": obj.strides,
            "writeable": obj.flags.writeable,
            "memory": self.memories.setdefault(start, len(self.memories)),
            "offset": obj.__array_interface__["data"][0] - start,
        }
        if root is not None:
            told["over"] = self.see(root)
        return told if type(obj) is self.numpy.ndarray else told | self._held(obj)

    def _memory(self, obj: Any) -> tuple[int, object]:
        """Where the memory under an array starts, and whose it is if it is no array's."""
        owner = obj
        base = obj.base
        while base is not None:
            if issubclass(type(base), self.numpy.ndarray):
                owner = base
            inner = base.obj if type(base) is memoryview else getattr(base, "base", None)
            if inner is None:
                break
            base = inner
        start: int = owner.__array_interface__["data"][0]
        if base is None or issubclass(type(base), self.numpy.ndarray):
            return start, None
        try:
            buffer = self.numpy.frombuffer(base, self.numpy.uint8)
            return buffer.__array_interface__["data"][0], base
        except (TypeError, ValueError, BufferError, AttributeError):
            return start, base

    def _column(self, obj: Any) -> dict[str, Json]:
        """The dtype and the values of an array, numpy's or pandas's, a Series or an Index."""
        kind: Json = repr(obj.dtype)
        if hasattr(obj.dtype, "categories"):
            kind = [self.see(obj.dtype.categories), obj.dtype.ordered]
        if not isinstance(obj.dtype, self.numpy.dtype):
            return {"dtype": kind, "values": self._many([self.see(item) for item in obj])}
        array = self.numpy.asarray(obj)
        if array.dtype.hasobject:
            told = [self.see(item) for item in array.ravel().tolist()]
            return {"dtype": kind, "values": self._many(told)}
        if array.size <= _LONG or array.dtype.char in "gGV":  # these have idle bytes
            return {"dtype": kind, "values": repr(array.tolist())}
        return {"dtype": kind, "values": _digest(array.tobytes())}

    def _frame(self, obj: Any) -> dict[str, Json]:
        is_frame = issubclass(type(obj), self.pandas.DataFrame)
        # What is public would make a Series, with a deep copy of the user's attrs.
        columns = map(obj._get_column_array, range(obj.shape[1])) if is_frame else [obj]
        extra = {name: value for name, value in vars(obj).items() if not name.startswith("_")}
        return {
            "labels": self.see(obj.columns if is_frame else obj.name),
            "index": self.see(obj.index),
            "columns": [self._column(column) for column in columns],
            "attrs": self.see(obj.attrs),
            "unique": not obj.flags.allows_duplicate_labels,
            "attributes": {name: self.see(extra[name]) for name in sorted(extra)},
        }

    def _index(self, obj: Any) -> dict[str, Json]:
        names = [self.see(name) for name in obj.names]
        if obj.nlevels > 1:
            return {"names": names, "values": self._many([self.see(item) for item in obj])}
        return {"names": names} | self._column(obj)
