"""The command ``cuealign``, for a look into a study beside the workflow.

``study`` finds the config and the tables of a study, ``ask`` asks a model about one utterance, ``main`` reads the command line.
"""
