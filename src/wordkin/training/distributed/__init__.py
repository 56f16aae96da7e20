"""Training by several workers, on one machine or on many, by way of Ray; nothing else here imports it."""
