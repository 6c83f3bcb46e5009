"""The patients as a population: cohort documents read and checked, virtual patients drawn from them."""
