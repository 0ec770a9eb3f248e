"""A whole plan of comparisons: what it will cost, how it is bought within a budget, and what came of it."""
