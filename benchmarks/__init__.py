"""Speed of vcmodel against other programs, side by side in one run: ``python -m benchmarks`` (see README.md)."""
