"""Entries of the configuration, one module per section. They import nothing but ``core``, so that every part may read them."""
