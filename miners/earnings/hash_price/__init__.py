"""What hashing earns and what a bitcoin costs: one file per source. Read in the background only, never in a pass."""
