"""The Judge tab: every pair not judged yet, one after another."""
