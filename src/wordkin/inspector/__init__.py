"""The inspector: a local web page on the backward pass, the training and the vectors."""
