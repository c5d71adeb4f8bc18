"""Connect a session to an IPython shell: cell events, magics, front ends, running cells again."""
