# Poisson and negative-binomial regression: stats::glm, MASS::glm.nb, sandwich::sandwich.
# Rscript event_rates.R > ../event_rates.json (R 4.2.2, MASS 7.3-58.2, sandwich 3.0-2)
suppressMessages({library(MASS); library(sandwich)})
set.seed(7)
n <- 120
made <- data.frame(arm = sample(0:2, n, TRUE, c(2, 1, 1)), x = round(rnorm(n), 3), stratum = sample(0:2, n, TRUE), time = round(runif(n, 0.2, 1.5), 3))
made$y <- rnbinom(n, mu = made$time * exp(0.7 - 0.4 * (made$arm == 1) - 0.1 * (made$arm == 2) + 0.3 * made$x + 0.2 * made$stratum), size = 1 / 0.8)
ep <- with(epil[!duplicated(epil$subject), ], data.frame(arm = as.numeric(trt) - 1, x = round(lbase, 4), stratum = 0, time = 8, y = tapply(epil$y, epil$subject, sum)))
q <- with(quine, data.frame(arm = as.numeric(Eth) - 1, x = as.numeric(Age) - 1, stratum = as.numeric(Sex) - 1, time = 1, y = Days))
under <- data.frame(arm = rep(0:1, c(30, 20)), x = round(rnorm(50), 3), stratum = 0, time = round(runif(50, 0.5, 2), 3))
under$y <- pmax(0, round(3 * under$time + rnorm(50, 0, 0.4)))
data <- list(made = made, epil = ep, quine = q, under = under)
out <- list()
for (name in names(data)) {
  d <- data[[name]]
  f <- if (length(unique(d$stratum)) > 1) y ~ factor(arm) + x + factor(stratum) + offset(log(time)) else y ~ factor(arm) + x + offset(log(time))
  p <- glm(f, poisson, d, epsilon = 1e-14, maxit = 100)
  told <- sprintf('"poisson model": [%.15g, %.15g], "poisson robust": [%.15g, %.15g]', coef(p)[2], sqrt(vcov(p)[2, 2]), coef(p)[2], sqrt(sandwich(p)[2, 2]))
  if (name != "under") {
    m <- glm.nb(f, d, control = glm.control(epsilon = 1e-14, maxit = 1000))
    m <- glm.nb(f, d, init.theta = m$theta, control = glm.control(epsilon = 1e-15, maxit = 1000))
    told <- paste0(told, sprintf(', "negative_binomial model": [%.15g, %.15g], "negative_binomial robust": [%.15g, %.15g], "dispersion": %.15g',
      coef(m)[2], summary(m)$coefficients[2, 2], coef(m)[2], sqrt(sandwich(m)[2, 2]), 1 / m$theta))
  }
  rows <- apply(d[, c("arm", "x", "stratum", "time", "y")], 1, function(r) sprintf("[%s]", paste(r, collapse = ", ")))
  out[[name]] <- sprintf('"%s": {"found": {%s},\n"rows": [%s]}', name, told, paste(rows, collapse = ", "))
}
cat(sprintf('{"source": "R %s, MASS %s, sandwich %s, event_rates.R",\n%s\n}\n', getRversion(), packageVersion("MASS"), packageVersion("sandwich"), paste(unlist(out), collapse = ",\n")))
