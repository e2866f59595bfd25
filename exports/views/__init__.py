"""The pages of Data Workbench."""
