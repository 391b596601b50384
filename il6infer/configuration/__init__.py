"""The configuration: schema, defaults, and what it says of each data set."""
