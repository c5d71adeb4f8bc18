"""Co-variables: the smallest sets of entities that share something mutable."""

from __future__ import annotations

from collections.abc import Mapping

CoVariable = tuple[str, ...]
"""The entities of a co-variable, sorted."""


def co_variables(ids: Mapping[str, frozenset[int]]) -> dict[str, CoVariable]:
    """The group of each entity, given the shareable nodes that each reaches."""
    leader: dict[str, str] = {}

    def find(entity: str) -> str:
        while (above := leader.get(entity, entity)) != entity:
            leader[entity] = leader.get(above, above)
            entity = above
        return entity

    first: dict[int, str] = {}
    for entity, nodes in ids.items():
        for node in nodes:
            other = first.setdefault(node, entity)
            if other is not entity:
                leader[find(entity)] = find(other)
    members: dict[str, list[str]] = {}
    for entity in ids:
        members.setdefault(find(entity), []).append(entity)
    together = [tuple(sorted(co_variable)) for co_variable in members.values()]
    return {entity: co_variable for co_variable in together for entity in co_variable}
