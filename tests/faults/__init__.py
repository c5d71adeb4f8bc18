"""Disks that fail, files that vanish, kernels that die at each single write."""
