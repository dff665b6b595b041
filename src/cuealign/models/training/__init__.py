"""Recipes: one module per way to train a model of the workflow's own.

A recipe module defines ``train(manifest, tokens, template, labels, folder, *, options)``: the utterances of one split, their tokens,
the wording of the prompts and the labels. It leaves a checkpoint in ``folder`` that the model's backend loads. It may define
``Options``, a :class:`cuealign.core.registry.PluginOptions` of ``models.<id>.training.options``.

To add one, add a module and name it as ``recipe`` in a model's ``training``.
"""

from cuealign.core.registry import Registry

RECIPES = Registry("recipe", __name__, "train")
"""All recipes."""
