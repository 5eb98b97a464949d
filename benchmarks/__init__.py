"""What speed costs, as ratios: `make bench` measures both sides of each in the same run (docs/performance.md)."""
