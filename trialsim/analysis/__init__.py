"""What a trial concludes, from rows: one row one patient, simulated or real."""
