"""From responses to metrics: predictions, unweighted average recall (UAR), bootstrap, significance tests, and analyses."""
