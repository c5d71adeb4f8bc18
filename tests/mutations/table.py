"""The mutations: each undoes a fix, and names the tests that must then fail.

A text stands in exactly one file of the source, wherever that is. Who rewrites such a line
rewrites it here, too.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """One fix undone.

    Attributes:
        fault: what is wrong with the source once more.
        before: the text as it is, once in one file.
        after: what takes its place.
        tests: all of these must fail.
    """

    fault: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "a restore binds variables that have another version by now, or are left out",
        "sorted(e for e in recipe.roots if target.get(e) == version)",
        "sorted(recipe.roots)",
        (
            "tests/unit/test_fill.py"
            "::test_a_variable_that_is_left_out_is_not_bound_with_those_it_was_tied_to",
        ),
    ),
    Mutation(
        "an instance that is patched keeps a class that it did not have",
        "    if type(live) is not type(new):\n        inverses",
        "    if False:\n        inverses",
        (
            "tests/unit/test_fill.py"
            "::test_an_instance_whose_class_was_changed_is_given_its_own_again",
        ),
    ),
    Mutation(
        "a patch that changed nothing passes for a restore",
        "        self._find_unmoved(look, report)\n",
        "",
        (
            "tests/unit/test_fill.py"
            "::test_a_patch_that_changes_nothing_is_found_out_and_the_value_loaded",
        ),
    ),
    Mutation(
        "a history whose notebook is gone goes before the notebook's own",
        "next(iter(here + moved), None)",
        "next(iter(moved), None)",
        (
            "tests/unit/test_catalog.py"
            "::test_a_deleted_notebook_s_history_goes_to_no_notebook_that_has_its_own",
        ),
    ),
    Mutation(
        "what a look found and no commit recorded is not seen again",
        "self._seen[index] = token",
        "self._tokens[index] = token",
        ("tests/unit/test_observe.py::test_a_look_that_was_not_accepted_is_seen_again",),
    ),
    Mutation(
        "what walking a definition makes in passing ties variables",
        "        self.ignore_sharing(content)\n        return self.scan(skeleton, content)",
        "        return self.scan(skeleton, content)",
        ("tests/unit/test_observe.py::test_a_definition_ties_nothing_but_by_what_it_holds",),
    ),
    Mutation(
        "gc lets the cells of commits go that it says it keeps",
        "with_cells = history.commits.keys() - history.forgotten - set(losing)",
        "with_cells = keeping",
        (
            "tests/unit/test_cells.py"
            "::test_gc_keeps_the_cells_of_commits_whose_variables_are_kept_by_others",
        ),
    ),
    Mutation(
        "of two cells with one id the first is lost",
        "now[_free(told.id, now)]",
        "now[told.id]",
        ("tests/unit/test_cells.py::test_two_cells_of_one_id_are_both_kept",),
    ),
    Mutation(
        "half an emoji in an output stops the recording of cells",
        "except UnicodeEncodeError:",
        "except ZeroDivisionError:",
        ("tests/e2e/test_messages.py::test_half_an_emoji_stops_nothing",),
    ),
    Mutation(
        "a chunk that is known to be damaged passes for stored",
        "self._untrusted_locations.setdefault(name, []).extend(self._locations.pop(name))",
        "pass",
        ("tests/crash/test_damage.py::test_a_value_whose_chunk_was_damaged_is_stored_again",),
    ),
    Mutation(
        "a damaged copy of a chunk hides a whole one",
        "                failure = error\n        if name in self._locations:",
        "                raise\n        if name in self._locations:",
        (
            "tests/unit/test_store.py"
            "::test_a_chunk_that_two_sessions_wrote_is_lost_only_when_both_copies_are",
        ),
    ),
    Mutation(
        "what an untrusted record says stays in a trusted one's place",
        "if id in known and not (trusted and id in untrusted):",
        "if id in known:",
        (
            "tests/unit/test_history.py::test_an_untrusted_record_changes_no_trusted_recipe[parents0-0]",
            "tests/unit/test_history.py::test_an_untrusted_record_changes_no_trusted_commit[0]",
        ),
    ),
    Mutation(
        "half a line stays in the journal where the disk refused the rest",
        "os.ftruncate(self._fd, self._size)",
        "pass",
        ("tests/unit/test_journal.py::test_a_refused_line_leaves_the_journal_as_it_was",),
    ),
    Mutation(
        "a size beyond all numbers is a fault of ours and not of the file",
        "except (ValueError, OverflowError):",
        "except ValueError:",
        (
            "tests/unit/test_config.py"
            "::test_an_impossible_value_is_named_with_its_option_and_file[store-floor-1e999]",
        ),
    ),
    Mutation(
        "a list that grew long is walked in its cohort and by itself",
        "type(value) in _CONTAINERS and not is_segmented(value)",
        "type(value) in _CONTAINERS",
        ("tests/unit/test_longs.py::test_a_list_that_grows_long_is_walked_as_if_it_always_was",),
    ),
    Mutation(
        "a damaged record stops the session from beginning where the history is whole",
        "if operation.head and history.is_whole(operation.head):",
        "if operation.head:",
        (
            "tests/crash/test_damage.py"
            "::test_a_damaged_record_stops_neither_attaching_nor_restoring[1]",
        ),
    ),
    Mutation(
        "a refusal as JSON is prose",
        'if "--json" in line.split():',
        "if False:",
        ("tests/e2e/test_verbs.py::test_a_refusal_as_json_has_kind_message_and_remedy",),
    ),
    Mutation(
        "a history that was deleted is written to without a word",
        "system.is_unlinked(self._journal.fd)",
        "False",
        ("tests/faults/test_kernels.py::test_a_history_that_is_deleted_is_missed",),
    ),
    Mutation(
        "an address that a class gives anew is put back",
        "if value in _ADDRESSES and value % _ALIGNMENT == 0:",
        "if False:",
        ("tests/e2e/test_trials.py::test_an_address_that_a_class_gives_anew_is_not_put_back",),
    ),
    Mutation(
        "a notebook is another by another path",
        "one == other or one.samefile(other)",
        "one == other",
        ("tests/e2e/test_messages.py::test_a_notebook_is_the_same_by_another_path",),
    ),
    Mutation(
        "a long chain of objects cannot be read",
        "sys.setrecursionlimit(max(limit, limits.RECURSION_LIMIT))",
        "sys.setrecursionlimit(limit)",
        (
            "tests/e2e/test_verbs.py::test_a_long_chain_of_objects_is_changed_and_brought_back[1000]",
        ),
    ),
    Mutation(
        "undo of a cell that committed goes to where its commit was made",
        "        self._recording.begin_cell()\n",
        "",
        ("tests/e2e/test_hooks.py::test_undo_of_a_cell_that_commits_goes_to_where_the_cell_began",),
    ),
)
