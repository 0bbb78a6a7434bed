"""Questions and what is true of them, as benchmarks release them: one file each."""
