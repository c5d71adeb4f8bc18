"""What is not restored yet: scenarios and kinds of library objects, and what is wrong.

Each entry is a defect. One that is as it should be must be taken out of here.
"""

KNOWN: dict[str, str] = {
    "containers-hash-in-a-cycle": "elements of a set are hashed before they have their attributes",
    "containers-weak-values": "what only a list holds is not known to be shared with a weak table",
    "containers-finalizer-writes": "what a restore drops may write to what was put back",
    "containers-nan-identity": "a nan is stored by its value, not as the very object",
    "arrays-record-under-a-name": "a row is tied to its array in the session alone",
    "arrays-records-with-objects": "views of records that hold objects are not tied to their array",
    "arrays-masked": "a mask is shared with itself in the session alone",
    "arrays-nditer": "an iterator that is made again looks at a copy of its arrays",
    "frames-same-array": "blocks are values: the array that it was made on is not tied",
    "frames-values-kept": "blocks are values: an array that looks at them is not tied",
    "frames-index-name-through-alias": "an index is taken for a value, but its name can be changed",
    "frames-freq-in-place": "an index is taken for a value, but its freq can be changed",
    "frames-no-duplicate-labels": "a frame's flags that have a name are others after a restore",
    "tensors-view-knows-its-base": "a view is tied by its memory, but does not know its base",
    "tensors-in-shared-memory": "whether other processes share the memory is not kept",
    "tensors-weight-norm": "a layer keeps the class that parametrizing gave it",
    "tensors-inference-tensor": "whether a tensor was made in inference mode is not kept",
    "tensors-loader-half-read": "a loader's iterator is computed again from a loader of its own",
    "definitions-object-with-a-last-word": "what a restore drops may write to what was put back",
    "unpicklables-enumerated-file": "an iterator over a file whose lines are being read",
    "unpicklables-xml-walker": "a walker that is made again walks over a copy of its tree",
    "unpicklables-gzip-as-text": "compressed files are not opened again",
    "unpicklables-finalizer": "a finalizer is not made again",
    "unpicklables-ctypes": "ctypes values are copies, not tied to the memory they look at",
}

KNOWN_KINDS: dict[str, str] = {
    "libraries-matplotlib-mplot3d.art3d.Line3DCollection": "drawing projects it, and keeps that",
    "libraries-statsmodels-OLS": "it sets attributes of its own when it is asked for df_resid",
}
