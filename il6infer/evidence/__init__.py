"""Evidence of a model: the probability of the data before any was seen, by two estimators that must agree."""
