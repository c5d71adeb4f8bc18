"""Remember of which classes the own pickling loses attributes, and what is done about it.

Round-trip checks find it out, and loading a version that was stored so tells it again.
"""

from __future__ import annotations

import enum
import weakref
from collections.abc import Collection, Iterable


class _ByAttributes(enum.Enum):
    """Say what is known of storing a class's instances by their attributes.

    Attributes:
        TRIED: they are stored so, and no round-trip check has judged yet.
        PROVEN: they are stored so, and came back whole.
        VAIN: they are pickled in their own way again: by their attributes they did not come back.
    """

    TRIED = enum.auto()
    PROVEN = enum.auto()
    VAIN = enum.auto()


class Learned:
    """Hold what one session has learned of classes; classes are not kept alive.

    It is, by class, the attributes that its pickling loses, and whether its pickling is passed
    over: whether its instances are stored by their attributes instead.
    """

    def __init__(self) -> None:
        """Begin with nothing learned."""
        self._lost: weakref.WeakKeyDictionary[type, frozenset[str]] = weakref.WeakKeyDictionary()
        self._by_attributes: weakref.WeakKeyDictionary[type, _ByAttributes] = (
            weakref.WeakKeyDictionary()
        )

    def lost_names(self, cls: type) -> frozenset[str]:
        """Return the attributes that the class's pickling is known to lose; empty if none."""
        return self._lost.get(cls, frozenset())

    def lose(self, cls: type, names: Collection[str]) -> bool:
        """Note attributes that the class's pickling loses; return True if one was not known."""
        known = self.lost_names(cls)
        if known.issuperset(names):
            return False
        self._lost[cls] = known.union(names)
        return True

    def is_passed_over(self, cls: type) -> bool:
        """Return True if the class's instances are stored by their attributes."""
        if not self._by_attributes:
            return False
        return self._by_attributes.get(cls, _ByAttributes.VAIN) is not _ByAttributes.VAIN

    def is_proven(self, cls: type) -> bool:
        """Return True if instances that were stored by their attributes came back whole."""
        return self._by_attributes.get(cls) is _ByAttributes.PROVEN

    def pass_over(self, classes: Iterable[type]) -> bool:
        """Store instances of these classes by their attributes from now on.

        Classes for which this was tried before stay as they are, also where it did not help.

        Returns:
            True if there is a class among them for which it was not tried before.
        """
        news = [cls for cls in classes if cls not in self._by_attributes]
        self._by_attributes.update(dict.fromkeys(news, _ByAttributes.TRIED))
        return bool(news)

    def confirm(self, classes: Iterable[type]) -> None:
        """Note that instances of these classes, stored by their attributes, came back whole."""
        self._by_attributes.update(dict.fromkeys(classes, _ByAttributes.PROVEN))

    def give_back(self, classes: Iterable[type]) -> bool:
        """Pickle instances in their own way again, where no check has proven their attributes.

        Args:
            classes: classes that are passed over, of which instances did not come back.

        Returns:
            True if there is such a class among them.

        Raises:
            KeyError: a class was never passed over.
        """
        tried = [cls for cls in classes if self._by_attributes[cls] is _ByAttributes.TRIED]
        self._by_attributes.update(dict.fromkeys(tried, _ByAttributes.VAIN))
        return bool(tried)
