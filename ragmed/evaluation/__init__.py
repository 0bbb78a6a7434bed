"""Run benchmarks, measure, compare, report."""
