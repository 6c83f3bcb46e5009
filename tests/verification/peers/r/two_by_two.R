# Score tests of Miettinen and Nurminen (1985) and Farrington and Manning (1990), from their definitions: the restricted
# shares where the slope of the log likelihood is zero and limits by uniroot. Rscript two_by_two.R > ../two_by_two.json (R 4.2.2)
tables <- list(
  trial = rbind(c(60, 34, 30, 12), c(41, 30, 22, 11), c(25, 7, 12, 1)), # strata: n1 y1 n0 y0
  admissions = t(sapply(1:6, function(d) {
    x <- UCBAdmissions[, , d]
    c(sum(x[, "Female"]), x["Admitted", "Female"], sum(x[, "Male"]), x["Admitted", "Male"])
  })),
  sparse = rbind(c(8, 0, 9, 3), c(5, 2, 4, 4), c(3, 1, 0, 0), c(6, 0, 7, 0), c(12, 5, 11, 9))
)
treated <- list(
  risk_difference = function(p0, null) p0 + null,
  risk_ratio = function(p0, null) p0 * exp(null),
  odds_ratio = function(p0, null) exp(null) * p0 / (1 - p0 + exp(null) * p0)
)
over <- function(x, y) if (x == 0) 0 else x / y
restricted <- function(measure, x, null) {
  low <- if (measure == "risk_difference") max(0, -null) else 0
  high <- if (measure == "risk_difference") min(1, 1 - null) else if (measure == "risk_ratio") min(1, exp(-null)) else 1
  if (x[2] + x[4] == 0) return(low)
  if (x[2] + x[4] == x[1] + x[3]) return(high)
  slope <- function(p0) { # of the likelihood, by the chain rule
    p1 <- treated[[measure]](p0, null)
    d <- switch(measure, risk_difference = 1, risk_ratio = exp(null), odds_ratio = exp(null) / (1 - p0 + exp(null) * p0)^2)
    d * (over(x[2], p1) - over(x[1] - x[2], 1 - p1)) + over(x[4], p0) - over(x[3] - x[4], 1 - p0)
  }
  edge <- 1e-13 * (high - low)
  if (slope(low + edge) <= 0) return(low)
  if (slope(high - edge) >= 0) return(high)
  uniroot(slope, c(low + edge, high - edge), tol = 1e-16, maxiter = 10000)$root
}
z <- function(measure, strata, null, corrected) {
  u <- v <- 0
  for (i in seq_len(nrow(strata))) {
    x <- strata[i, ]
    if (x[1] == 0 || x[3] == 0) next
    p0 <- restricted(measure, x, null)
    p1 <- treated[[measure]](p0, null)
    n <- x[1] + x[3]
    w <- x[1] * x[3] / n
    if (measure == "odds_ratio") {
      if (x[2] + x[4] == 0 || x[2] + x[4] == n) next
      ui <- x[2] - x[1] * p1
      vi <- 1 / (1 / (x[1] * p1 * (1 - p1)) + 1 / (x[3] * p0 * (1 - p0)))
    } else {
      r <- if (measure == "risk_ratio") exp(null) else 1
      ui <- w * (x[2] / x[1] - r * x[4] / x[3] - if (measure == "risk_ratio") 0 else null)
      vi <- w^2 * (p1 * (1 - p1) / x[1] + r^2 * p0 * (1 - p0) / x[3])
    }
    u <- u + ui
    v <- v + vi * if (corrected) n / (n - 1) else 1
  }
  u / sqrt(v)
}
limits <- function(measure, strata, corrected, q = qnorm(0.975)) {
  ends <- if (measure == "risk_difference") c(-0.999999, 0.999999) else c(-12, 12)
  sapply(c(q, -q), function(want) uniroot(function(null) z(measure, strata, null, corrected) - want, ends, tol = 1e-13)$root)
}
cases <- list()
for (name in names(tables)) for (is_stratified in c(FALSE, TRUE)) for (measure in names(treated)) for (corrected in c(TRUE, FALSE)) {
  strata <- if (is_stratified) tables[[name]] else matrix(colSums(tables[[name]]), nrow = 1)
  null <- if (measure == "risk_difference") -0.1 else log(0.8)
  cases[[length(cases) + 1]] <- sprintf(
    '{"table": "%s", "stratified": %s, "measure": "%s", "corrected": %s, "null": %.17g, "z": %.15g, "limits": [%.15g, %.15g]}',
    name, tolower(is_stratified), measure, tolower(corrected), null, z(measure, strata, null, corrected),
    limits(measure, strata, corrected)[1], limits(measure, strata, corrected)[2]
  )
}
told <- sapply(names(tables), function(name) {
  rows <- apply(tables[[name]], 1, function(x) sprintf("[%s]", paste(x, collapse = ", ")))
  sprintf('"%s": [%s]', name, paste(rows, collapse = ", "))
})
cat(sprintf('{"source": "R %s, two_by_two.R beside this file", "tables": {%s},\n"cases": [\n%s\n]}\n',
  getRversion(), paste(told, collapse = ", "), paste(unlist(cases), collapse = ",\n")))
