"""What every other part stands on: errors, names, positions, units, expressions, numbers and tables."""
