"""The drawn world as a source to watch."""
