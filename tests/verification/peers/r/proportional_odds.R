# Proportional-odds regression: MASS::polr.
# Rscript proportional_odds.R > ../proportional_odds.json (R 4.2.2, MASS 7.3-58.2)
suppressMessages(library(MASS))
set.seed(12)
n <- 140
made <- data.frame(arm = sample(0:2, n, TRUE, c(2, 1, 1)), x = round(rnorm(n), 3), stratum = sample(0:1, n, TRUE))
made$y <- findInterval(0.7 * (made$arm == 1) - 0.2 * (made$arm == 2) + 0.5 * made$x + 0.3 * made$stratum + rlogis(n), c(-1.5, -0.2, 0.8, 2))
h <- housing[rep(seq_len(nrow(housing)), housing$Freq), ]
house <- data.frame(arm = as.numeric(h$Cont) - 1, x = as.numeric(h$Infl) - 1, stratum = as.numeric(h$Type) - 1, y = as.numeric(h$Sat) - 1)
q <- quine; few <- data.frame(arm = as.numeric(q$Eth) - 1, x = as.numeric(q$Age), stratum = as.numeric(q$Sex) - 1, y = 2 * findInterval(q$Days, c(3, 9, 25)))
data <- list(made = made, housing = house, quine = few)
out <- list()
for (name in names(data)) {
  d <- data[[name]]
  f <- polr(factor(y) ~ factor(arm) + x + factor(stratum), d, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
  se <- sqrt(diag(vcov(f)))[1]
  rows <- apply(d[, c("arm", "x", "stratum", "y")], 1, function(r) sprintf("[%s]", paste(r, collapse = ", ")))
  out[[name]] <- sprintf('"%s": {"estimate": %.15g, "se": %.15g,\n"rows": [%s]}', name, f$coefficients[1], se, paste(rows, collapse = ", "))
}
cat(sprintf('{"source": "R %s, MASS %s, proportional_odds.R",\n%s\n}\n', getRversion(), packageVersion("MASS"), paste(unlist(out), collapse = ",\n")))
