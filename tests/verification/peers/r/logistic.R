# Logistic regression, Firth's by brglm2, and standardised shares from their formulas.
# Rscript logistic.R > ../logistic.json (R 4.2.2, MASS 7.3-58.2, brglm2 0.9)
suppressMessages({library(MASS); library(brglm2)})
set.seed(41)
n <- 90
made <- data.frame(arm = sample(0:2, n, TRUE, c(3, 1, 2)), x1 = round(rnorm(n), 3), x2 = round(rexp(n), 3), stratum = sample(0:2, n, TRUE))
made$y <- rbinom(n, 1, plogis(-0.5 + 0.6 * (made$arm == 1) + 1.1 * (made$arm == 2) + 0.9 * made$x1 - 0.4 * made$x2 + 0.3 * made$stratum))
birth <- with(birthwt, data.frame(arm = smoke, x1 = age, x2 = lwt, stratum = race - 1, y = low))
small <- data.frame(arm = rep(0:1, c(14, 17)), x1 = round(rnorm(31), 3), x2 = round(runif(31), 3), stratum = 0)
small$y <- rbinom(31, 1, plogis(0.3 + 0.8 * small$arm - small$x1))
# Nobody below zero succeeds, everybody above does: separated by x1
apart <- data.frame(arm = rep(0:1, 12), x1 = c(-(1:12), 1:12) / 4, x2 = round(rnorm(24), 3), stratum = 0)
apart$y <- as.numeric(apart$x1 > 0)
# An arm without successes
none <- data.frame(arm = rep(0:1, c(15, 15)), x1 = round(rnorm(30), 3), x2 = round(rnorm(30), 3), stratum = rep(0:1, 15))
none$y <- c(rep(0, 15), rep(c(0, 1, 1), 5))
data <- list(made = made, birth = birth, small = small, apart = apart, none = none)

shares <- function(d, fit, firth) {
  arms <- sort(unique(d$arm))
  mu <- sapply(arms, function(a) predict(fit, transform(d, arm = factor(a, levels = arms)), type = "response"))
  p <- sapply(seq_along(arms), function(k) mean(mu[, k]) + mean((d$y - mu[, k])[d$arm == arms[k]]))
  n <- nrow(d)
  v <- matrix(0, length(arms), length(arms))
  for (k in seq_along(arms)) for (l in seq_along(arms)) {
    ik <- d$arm == arms[k]; il <- d$arm == arms[l]
    v[k, l] <- if (k == l) {
      var((d$y - mu[, k])[ik]) / mean(ik) + 2 * cov(d$y[ik], mu[ik, k]) - var(mu[, k])
    } else cov(d$y[ik], mu[ik, l]) + cov(d$y[il], mu[il, k]) - cov(mu[, k], mu[, l])
  }
  grads <- t(sapply(seq_along(arms), function(k) {
    m <- model.matrix(delete.response(terms(fit)), transform(d, arm = factor(arms[k], levels = arms), stratum = factor(stratum)))
    colMeans(mu[, k] * (1 - mu[, k]) * m)
  }))
  keep <- !is.na(coef(fit))
  delta <- grads[, keep] %*% vcov(fit)[keep, keep] %*% t(grads[, keep])
  list(p = p, robust = v / n, model = delta)
}
measured <- function(p, v) list(
  risk_difference = c(p[2] - p[1], sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2])),
  risk_ratio = c(log(p[2] / p[1]), sqrt(c(-1 / p[1], 1 / p[2]) %*% v %*% c(-1 / p[1], 1 / p[2]))),
  odds_ratio = { g <- c(-1, 1) / (p * (1 - p)); c(qlogis(p[2]) - qlogis(p[1]), sqrt(g %*% v %*% g)) }
)
out <- list()
for (name in names(data)) {
  d <- transform(data[[name]], arm = factor(arm))
  f <- if (length(unique(d$stratum)) > 1) y ~ arm + x1 + x2 + factor(stratum) else y ~ arm + x1 + x2
  is_apart <- name %in% c("apart", "none")
  fit <- if (is_apart) glm(f, binomial, d, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 10000, slowit = 0.5) else glm(f, binomial, d, epsilon = 1e-14, maxit = 100)
  d2 <- d; d2$arm <- as.numeric(as.character(d$arm))
  fit2 <- fit
  s <- shares(transform(d2, arm = as.numeric(arm)), fit, is_apart)
  co <- summary(fit)$coefficients
  told <- c(sprintf('"conditional_odds_ratio": [%.15g, %.15g]', co["arm1", 1], co["arm1", 2]))
  for (variance in c("robust", "model")) {
    m <- measured(s$p[1:2], s[[variance]][1:2, 1:2])
    told <- c(told, sapply(names(m), function(k) sprintf('"%s %s": [%s]', k, variance,
      paste(ifelse(is.finite(m[[k]]), sprintf("%.15g", m[[k]]), "null"), collapse = ", "))))
  }
  rows <- apply(data[[name]][, c("arm", "x1", "x2", "stratum", "y")], 1, function(r) sprintf("[%s]", paste(r, collapse = ", ")))
  out[[name]] <- sprintf('"%s": {"separated": %s, "found": {%s},\n"rows": [%s]}', name, tolower(is_apart), paste(told, collapse = ", "), paste(rows, collapse = ", "))
}
cat(sprintf('{"source": "R %s, brglm2 %s, logistic.R",\n%s\n}\n', getRversion(), packageVersion("brglm2"), paste(unlist(out), collapse = ",\n")))
