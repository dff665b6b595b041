"""Models behind two small interfaces (``base``), and what their backends share (``huggingface``, ``checkpoints``)."""
