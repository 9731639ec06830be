"""The pass: observe → decide → act → record, for a chunk of sites (DESIGN §4). The thin shell round `control`."""
