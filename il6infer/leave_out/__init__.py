"""Leave whole gels, conditions or data sets out: how well does a fit to the others predict them."""
