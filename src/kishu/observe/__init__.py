"""What the state is and what changed: values in; digests, groups and recipes out."""
