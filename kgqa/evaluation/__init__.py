"""Score predictions: one pinned scorer for training, the command line and the benchmarks."""
