"""One file a step, named by its moment: YYYYMMDD_HHMM_slug."""
