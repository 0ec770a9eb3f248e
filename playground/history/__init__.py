"""What was done before: comparisons as pages to look through, search and filter, with their marks."""
