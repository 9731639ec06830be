"""What pools say about a home's miners: one file per pool. Read in the background only, never in a pass."""
