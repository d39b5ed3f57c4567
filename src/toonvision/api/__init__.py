"""Workspaces and runs as objects: what a notebook uses, and what every command calls."""
