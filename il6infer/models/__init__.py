"""Models of IL-6 signalling: Antimony modules, their priors, and networks read from SBML."""
