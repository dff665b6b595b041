"""Models: two small interfaces (``base``), the backends that implement them, and the code that backends share."""
