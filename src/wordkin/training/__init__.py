"""From an encoded corpus to trained weights: schedule, chunks, threads, history."""
