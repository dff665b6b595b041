"""From audio to concept tokens: extract descriptors, fit a tokenizer, make tokens, and measure how sensitive they are to its options."""
