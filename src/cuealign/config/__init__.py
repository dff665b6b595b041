"""The configuration.

``entries`` hold what a user writes, one strict model per section; any part may read them. ``settings`` is the whole, with the
checks across sections and plug-ins (``checks``), the expanded grid (``grid``) and what the workflow asks of it (``workflow``).
``yaml_files`` finds what YAML itself misreads, ``documentation`` writes the schema and the reference.
"""
