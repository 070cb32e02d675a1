"""Types of config fields: tables, numbers and their ranges, distributions, and walking a schema made of them."""
