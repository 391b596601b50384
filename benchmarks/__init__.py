"""Speed and accuracy of the engine, side by side with peers; see README.md."""
