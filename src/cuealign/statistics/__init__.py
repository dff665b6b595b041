"""Statistics of grounding: UAR, clustered bootstrap, paired tests, trend, and the metrics made of them."""
