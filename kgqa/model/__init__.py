"""From a question to a weighted set of entities: mentions, candidates, hops, gates, and the forward pass that joins them."""
