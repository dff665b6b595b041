"""What a model is asked, by which words it answers, and how its answer is read."""
