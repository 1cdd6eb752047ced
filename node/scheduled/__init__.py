"""Posts that are to appear later: put down, moved, taken back, and published when their time has come."""
