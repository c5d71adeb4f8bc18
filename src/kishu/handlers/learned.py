"""What a session learns of classes whose own pickling does not give back what there was.

It is found by round-trip checks, or read off what was stored before.
"""

from __future__ import annotations

import enum
import weakref
from collections.abc import Collection, Iterable


class _ByAttributes(enum.Enum):
    """What is known of storing instances by their attributes instead of their own pickling."""

    TRIED = enum.auto()
    PROVEN = enum.auto()
    VAIN = enum.auto()


class Learned:
    """What one session has learned: lost attributes, and classes whose pickling is passed over."""

    def __init__(self) -> None:
        self._lost: weakref.WeakKeyDictionary[type, frozenset[str]] = weakref.WeakKeyDictionary()
        self._by_attributes: weakref.WeakKeyDictionary[type, _ByAttributes] = (
            weakref.WeakKeyDictionary()
        )

    def lost_names(self, cls: type) -> frozenset[str]:
        """Return the attributes that instances of the class are known to lose."""
        return self._lost.get(cls, frozenset())

    def lose(self, cls: type, names: Collection[str]) -> bool:
        """Take note of attributes that instances of the class lose; tell whether that is news."""
        known = self.lost_names(cls)
        if known.issuperset(names):
            return False
        self._lost[cls] = known.union(names)
        return True

    def is_passed_over(self, cls: type) -> bool:
        """Tell whether instances are stored by their attributes, whatever the class pickles."""
        if not self._by_attributes:
            return False
        return self._by_attributes.get(cls, _ByAttributes.VAIN) is not _ByAttributes.VAIN

    def is_proven(self, cls: type) -> bool:
        """Tell whether instances were seen to come back whole by their attributes."""
        return self._by_attributes.get(cls) is _ByAttributes.PROVEN

    def pass_over(self, classes: Iterable[type]) -> bool:
        """Store instances by their attributes from now on; tell whether that is news."""
        news = [cls for cls in classes if cls not in self._by_attributes]
        self._by_attributes.update(dict.fromkeys(news, _ByAttributes.TRIED))
        return bool(news)

    def confirm(self, classes: Iterable[type]) -> None:
        """Take note that instances came back whole by their attributes."""
        self._by_attributes.update(dict.fromkeys(classes, _ByAttributes.PROVEN))

    def give_back(self, classes: Iterable[type]) -> bool:
        """Stop passing over classes for which it did not help; tell whether there are any."""
        tried = [cls for cls in classes if self._by_attributes[cls] is _ByAttributes.TRIED]
        self._by_attributes.update(dict.fromkeys(tried, _ByAttributes.VAIN))
        return bool(tried)
