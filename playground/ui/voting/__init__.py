"""What a voter may see and say: ballots, blind cards, the vote panel, copies that tell nothing."""
