"""The History tab: what was made before, and the ways back from it."""
