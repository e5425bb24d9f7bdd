"""Where work runs: one function mapped over units, in other processes."""
