"""What a model says: simulated experiments before data are taken, published behaviour, claims."""
