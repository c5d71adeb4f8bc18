"""Identity: the numbers of objects that are more than their content.

A class or function of the notebook, a bare ``object()``, and what cannot be stored are known by a
number that is given once and never again, so that "the same one" has a meaning across a restore.
"""

from __future__ import annotations

import weakref
from typing import Any

ObjectId = str
"""``#<session>.<count>``: also the entity's name in a state."""


class ObjectIds:
    """Which live object has which number, without keeping any of them alive.

    Objects that cannot be weakly referenced are known by their address; `retain` must then be
    told at every observation which numbers were met, so that an address is not believed longer
    than its object lived.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self._count = 0
        self._numbers: dict[int, ObjectId] = {}
        self._objects: dict[ObjectId, weakref.ref[Any] | None] = {}
        self._ids: dict[ObjectId, int] = {}

    def number(self, obj: object) -> ObjectId:
        """The object's number, given now if it has none."""
        number = self._numbers.get(id(obj))
        if number is not None:
            ref = self._objects[number]
            if ref is None or ref() is obj:
                return number
        self._count += 1
        number = f"#{self._session}.{self._count}"
        self.register(number, obj)
        return number

    def register(self, number: ObjectId, obj: object) -> None:
        """Say that ``obj`` is the object of that number, as a restore does."""
        self._forget(number)
        try:
            self._objects[number] = weakref.ref(obj)
        except TypeError:
            self._objects[number] = None
        self._numbers[id(obj)] = number
        self._ids[number] = id(obj)

    def forget(self, obj: object) -> None:
        """Let an object that has a number have another from now on."""
        number = self._numbers.get(id(obj))
        if number is not None:
            self._forget(number)

    def live(self, number: ObjectId) -> Any | None:
        """The live object of that number; None when it is gone or known only by address."""
        ref = self._objects.get(number)
        return None if ref is None else ref()

    def all_live(self) -> dict[ObjectId, Any]:
        """The live objects of all numbers."""
        found = {number: self.live(number) for number in self._objects}
        return {number: obj for number, obj in found.items() if obj is not None}

    def retain(self, met: set[ObjectId]) -> None:
        """Forget those that are dead or were not met in the observation that just ended."""
        for number in list(self._objects):
            ref = self._objects[number]
            if (ref is None and number not in met) or (ref is not None and ref() is None):
                self._forget(number)

    def _forget(self, number: ObjectId) -> None:
        address = self._ids.pop(number, None)
        if address is not None and self._numbers.get(address) == number:
            del self._numbers[address]
        self._objects.pop(number, None)
