"""What all parts share: vocabulary, table schemas, audio, errors, seeded random numbers, validation and the plug-in registry."""
