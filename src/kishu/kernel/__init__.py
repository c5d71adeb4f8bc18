"""The IPython side: hooks, magics, which notebook this is, running cells again."""
