"""Clinical trials, simulated: protocols and cohorts as documents, trials as computed consequences."""
