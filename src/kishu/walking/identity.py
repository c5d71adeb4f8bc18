"""Give an object id to each object whose identity is state.

A class or function of the notebook, a bare ``object()``, and an object that cannot be stored have
an identity beside their content. Each has an object id, given once and never again, so that "the
same object" has a meaning across a restore and in another kernel.
"""

from __future__ import annotations

import weakref
from typing import Any

ObjectId = str
"""``#<session>.<count>``; in a state, a definition's object id is the entity's name."""


class ObjectIds:
    """The object ids of one session's live objects; it keeps none of the objects alive.

    An object that cannot be weakly referenced is known by its address alone. Another object may get
    that address once the first is gone: so `retain` is told after every look which ids were seen,
    and drops the others.

    Args:
        session: the id of the session, a part of each object id that is given here.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self._count = 0
        self._id_at: dict[int, ObjectId] = {}
        self._objects: dict[ObjectId, weakref.ref[Any] | None] = {}
        self._addresses: dict[ObjectId, int] = {}

    def id_of(self, obj: object) -> ObjectId:
        """Return the object's id; give it one if it has none."""
        object_id = self._id_at.get(id(obj))
        if object_id is not None:
            ref = self._objects[object_id]
            if ref is None or ref() is obj:
                return object_id
        self._count += 1
        object_id = f"#{self._session}.{self._count}"
        self.register(object_id, obj)
        return object_id

    def register(self, object_id: ObjectId, obj: object) -> None:
        """Give an object that a restore made the id of the object that it stands for."""
        self._forget(object_id)
        try:
            self._objects[object_id] = weakref.ref(obj)
        except TypeError:
            self._objects[object_id] = None
        self._id_at[id(obj)] = object_id
        self._addresses[object_id] = id(obj)

    def forget(self, obj: object) -> None:
        """Drop the object's id, if it has one: `id_of` will give it another."""
        object_id = self._id_at.get(id(obj))
        if object_id is not None:
            self._forget(object_id)

    def live(self, object_id: ObjectId) -> Any | None:
        """Return the live object that has this id; None if it is gone or known by address alone."""
        ref = self._objects.get(object_id)
        return None if ref is None else ref()

    def all_live(self) -> dict[ObjectId, Any]:
        """Return the live objects by their ids, without those that are known by address alone."""
        live = {object_id: self.live(object_id) for object_id in self._objects}
        return {object_id: obj for object_id, obj in live.items() if obj is not None}

    def retain(self, seen: set[ObjectId]) -> None:
        """Drop the ids of objects that are gone.

        Args:
            seen: the ids that the look that just ended came across. An object that is known by its
                address alone counts as gone where its id is not among them.
        """
        for object_id in list(self._objects):
            ref = self._objects[object_id]
            if (ref is None and object_id not in seen) or (ref is not None and ref() is None):
                self._forget(object_id)

    def _forget(self, object_id: ObjectId) -> None:
        """Drop an id, and its object's address, unless another id has that by now."""
        address = self._addresses.pop(object_id, None)
        if address is not None and self._id_at.get(address) == object_id:
            del self._id_at[address]
        self._objects.pop(object_id, None)
