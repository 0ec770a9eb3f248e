"""Where a picture came from: written into exported copies, read back, checked against the log, bundled."""
