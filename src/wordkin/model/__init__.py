"""The model: its maths in NumPy, its samplers, and its compiled kernel."""
