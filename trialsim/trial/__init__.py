"""One trial: enrol, randomise, treat, observe, look; `simulate` alone knows the order."""
