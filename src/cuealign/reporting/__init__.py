"""The results of a study as people read them: tables, figures, the plan of its jobs, and the provenance."""
