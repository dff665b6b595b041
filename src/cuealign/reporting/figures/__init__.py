"""Figures: one module each.

A figure module defines ``draw(results, page, options, …) -> matplotlib.figure.Figure``: of the results of a study
(:class:`cuealign.reporting.results.Results`), on a page (:class:`cuealign.reporting.figures.style.Page`). It also takes what names one
drawing of its scope (``dataset``, ``split``, ``model``). It defines ``SCOPES``, the scopes that it can show. It may define

* ``Options``, a :class:`cuealign.core.registry.PluginOptions` of ``figures.<name>``;
* ``NEEDS``, the analyses that it reads;
* ``WIDTHS``, the columns of a paper that it can fill, the best first; 1 and 2 if it does not say;
* ``shows(runs) -> bool``, whether runs of the grid have what it shows; it is not drawn where they have not;
* ``CAPTION``, what it shows, without numbers;
* ``caption(results, …) -> str``, the same with the numbers of this study;
* ``describe(results, options, …) -> str``, what is to be seen, for readers who cannot see it.

To add one, add a module and name it under ``figures`` in the config.
"""

import os

from cuealign.core.registry import Registry

# A notebook sets this for all processes that it starts, and matplotlib fails where that backend is not installed.
os.environ["MPLBACKEND"] = "Agg"

FIGURES = Registry("figure", __name__, "draw")
"""All figures."""
