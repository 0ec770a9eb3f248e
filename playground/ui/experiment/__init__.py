"""The Experiment tab: a plan, its progress and its grid."""
