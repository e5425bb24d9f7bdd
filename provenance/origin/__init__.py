"""Turn marks in data into claims, and claims into the origin of a record."""
