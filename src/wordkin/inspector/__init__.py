"""The inspector: a local web page that shows the backward pass, the training and the vectors."""
