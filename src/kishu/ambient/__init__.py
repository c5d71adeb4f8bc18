"""State outside of the variables that decides results: generators, options, the process."""
