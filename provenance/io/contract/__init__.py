"""What every reader promises, and the formats that have one."""
