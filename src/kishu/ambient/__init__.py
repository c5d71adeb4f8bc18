"""Read and write the state outside of the variables: random generators, options, the process."""
