"""Models of IL-6 signalling: Antimony modules composed by name, with priors and read-outs."""
