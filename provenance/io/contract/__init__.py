"""Define the interface of readers, and list the formats that have one."""
