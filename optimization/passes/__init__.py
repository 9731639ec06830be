"""The pass: observe → decide → act → record, for a chunk of sites (design.md §4). The thin shell round `control`."""
