"""Engines that answer requests, and the store that keeps their responses."""
