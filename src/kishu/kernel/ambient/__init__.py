"""State outside of the variables that decides results: what cells changed of it, and put back.

One `Setting` for each kind of it: `generators` (random numbers), `process` (directory, environment,
path), `options` (of libraries and of Python itself). `ambient.Ambient` keeps them together.
"""
