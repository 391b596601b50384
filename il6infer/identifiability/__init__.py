"""What the measurements can tell of the parameters: information, its null directions, profile likelihoods."""
