"""Make questions with their answers from the graph itself, so that a model can be trained before anybody has asked anything."""
