"""From audio to concept tokens: descriptors, their extraction, the concept tokenizer, its fitting and its sensitivity."""
