"""The embedded corpus: emotional speech, synthesised by espeak-ng and signal processing (see ``corpus``)."""
