"""Run a function over many tasks in other processes."""
