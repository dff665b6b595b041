"""Inference: engines that answer requests, and the store that keeps what was answered."""
