"""What is not restored yet: scenarios and kinds of library objects, and what is wrong.

Each entry is a defect. One that is as it should be must be taken out of here.
"""

KNOWN: dict[str, str] = {}

KNOWN_KINDS: dict[str, str] = {
    "libraries-statsmodels-OLS": "it sets attributes of its own when it is asked for df_resid",
}
