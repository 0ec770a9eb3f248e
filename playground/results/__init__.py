"""What the logs say about two models: statistics, summary, verdict and the frames of the charts."""
