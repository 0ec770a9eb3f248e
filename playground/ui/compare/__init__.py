"""The Compare tab: one prompt, two pictures."""
