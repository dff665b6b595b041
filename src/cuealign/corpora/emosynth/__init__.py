"""The embedded corpus: emotional speech that is synthesised on the spot (``corpus``), by espeak-ng and some signal processing."""
