"""From responses to results: predictions, unweighted average recall (UAR), resampling, tests, and the analyses made of them."""
