"""What is not restored yet: scenarios and kinds of library objects, and what is wrong.

Each entry is a defect. One that is as it should be must be taken out of here.
"""

KNOWN: dict[str, str] = {
    "containers-hash-in-a-cycle": "elements of a set are hashed before they have their attributes",
    "containers-weak-values": "what only a list holds is not known to be shared with a weak table",
    "containers-nan-identity": "a nan is stored by its value, not as the very object",
    "arrays-records-with-objects": "views of records that hold objects are not tied to their array",
    "arrays-nditer": "an iterator that is made again looks at a copy of its arrays",
    "frames-same-array": "blocks are values: the array that it was made on is not tied",
    "frames-values-kept": "blocks are values: an array that looks at them is not tied",
    "frames-index-name-through-alias": "an index is taken for a value, but its name can be changed",
    "frames-freq-in-place": "an index is taken for a value, but its freq can be changed",
    "frames-no-duplicate-labels": "a frame's flags that have a name are others after a restore",
    "tensors-view-knows-its-base": "a view is tied by its memory, but does not know its base",
    "unpicklables-xml-walker": "a walker that is made again walks over a copy of its tree",
    "unpicklables-ctypes": "ctypes values are copies, not tied to the memory they look at",
}

KNOWN_KINDS: dict[str, str] = {
    "libraries-matplotlib-mplot3d.art3d.Line3DCollection": "drawing projects it, and keeps that",
    "libraries-statsmodels-OLS": "it sets attributes of its own when it is asked for df_resid",
}
