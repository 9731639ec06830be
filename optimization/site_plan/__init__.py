"""What a person set up at a site, compiled once: which fields that is, when it changed, and the plan itself."""
