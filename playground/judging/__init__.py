"""Who prefers what: pairs of pictures, the sides they are shown on, votes and the queue of pairs left."""
