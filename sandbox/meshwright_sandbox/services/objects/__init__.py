"""Objects of Cloud Storage: what is kept of each, and how it is written, copied and changed."""
