"""Train a model from questions and their answers: what to learn from, the loss, the loop, checkpoints."""
