"""A recipe (出图方案): everything that decides how renditions look, as one immutable value with an id of its content.

Lives below the database so that `workers.imaging` can know it without knowing any row.
"""
