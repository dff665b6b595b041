"""Prompts, the words for the labels, and the parser of answers."""
