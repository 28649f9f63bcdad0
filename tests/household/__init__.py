"""Running a household, over HTTP."""
