"""The endpoints for programs: how they are offered, done, asked and answered."""
