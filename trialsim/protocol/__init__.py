"""The trial as written: its document, read, checked against its cohort and resolved."""
