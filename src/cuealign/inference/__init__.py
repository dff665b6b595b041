"""Inference: engines that answer sweeps, and the store that keeps what was answered."""
