"""Training by several workers, on one machine or on many, with Ray."""
