"""What is not restored yet: scenarios and kinds of library objects, and what is wrong.

Each entry is a defect. One that is as it should be must be taken out of here.
"""

KNOWN: dict[str, str] = {
    "containers-nan-identity": "a nan is stored by its value, not as the very object",
    "frames-values-kept": "blocks are values: an array that looks at them is not tied",
    "frames-index-name-through-alias": "an index is taken for a value, but its name can be changed",
    "frames-freq-in-place": "an index is taken for a value, but its freq can be changed",
}

KNOWN_KINDS: dict[str, str] = {
    "libraries-statsmodels-OLS": "it sets attributes of its own when it is asked for df_resid",
}
