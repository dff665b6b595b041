"""The results page: one HTML file per dataset and split that holds everything that a reader needs, and the cover of a study.

``content`` says what a page shows, ``reading`` reads it from the results, ``sound`` links or embeds what the models heard,
``methods`` writes the paragraph on methods, ``packing`` makes small text of large arrays, ``chart`` places the points of the
chart, ``build`` writes the page and ``cover`` the cover. The look lies beside them: templates, style and script.
"""
