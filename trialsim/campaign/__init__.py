"""Many trials: planned as cells and parts, executed anywhere, summarised with the error of every number."""
