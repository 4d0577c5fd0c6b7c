"""Cloud Logging: the query language, the way of entries through sinks, what holds them."""
