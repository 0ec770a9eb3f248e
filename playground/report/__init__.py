"""What the logs say, as a document: the same sentences and numbers as words, JSON and one HTML page."""
