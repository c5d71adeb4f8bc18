"""Find co-variables: the smallest sets of entities that must be restored together."""

from __future__ import annotations

from collections.abc import Mapping

CoVariable = tuple[str, ...]
"""The names of a co-variable's entities, sorted."""


def co_variables(ids: Mapping[str, frozenset[int]]) -> dict[str, CoVariable]:
    """Return the co-variable of each entity.

    Args:
        ids: for each entity, the addresses of the nodes in it that others may share. Two entities
            that have one in common are in one co-variable.
    """
    leader: dict[str, str] = {}

    def find(entity: str) -> str:
        """Return the entity that stands for all that are known to be connected with this one."""
        while (above := leader.get(entity, entity)) != entity:
            leader[entity] = leader.get(above, above)
            entity = above
        return entity

    first_with: dict[int, str] = {}
    for entity, nodes in ids.items():
        for node in nodes:
            other = first_with.setdefault(node, entity)
            if other is not entity:
                leader[find(entity)] = find(other)
    members: dict[str, list[str]] = {}
    for entity in ids:
        members.setdefault(find(entity), []).append(entity)
    together = [tuple(sorted(co_variable)) for co_variable in members.values()]
    return {entity: co_variable for co_variable in together for entity in co_variable}
