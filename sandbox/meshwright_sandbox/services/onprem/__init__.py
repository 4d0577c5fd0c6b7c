"""User clusters on premises: what those on bare metal and on VMware have in common, and each."""
