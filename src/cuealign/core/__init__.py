"""What every part shares: words, table schemas, audio, errors, seeded random numbers, validation and the plug-in registry."""
