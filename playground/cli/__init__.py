"""The command line; nothing inside the program imports it."""
