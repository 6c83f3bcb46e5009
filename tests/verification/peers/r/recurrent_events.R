# Andersen-Gill regression with and without the robust variance: survival::coxph, Breslow's ties.
# Rscript recurrent_events.R > ../recurrent_events.json (R 4.2.2, survival 3.5-3)
suppressMessages(library(survival))
set.seed(9)
n <- 80
ids <- data.frame(id = 1:n, arm = rep(0:1, c(45, 35)), stratum = sample(0:1, n, TRUE), end = round(runif(n, 20, 100)))
made <- do.call(rbind, lapply(1:n, function(i) {
  p <- ids[i, ]
  rate <- rgamma(1, 1, 1) * 0.04 * exp(-0.5 * p$arm)
  t <- unique(ceiling(cumsum(rexp(40, rate)))); t <- t[t <= p$end]
  cuts <- unique(c(0, t, p$end))
  data.frame(id = i, arm = p$arm, stratum = p$stratum, start = head(cuts, -1), stop = cuts[-1], event = as.numeric(cuts[-1] %in% t))
}))
bl <- with(bladder2, data.frame(id, arm = rx - 1, stratum = as.numeric(number > 2), start, stop, event))
cg <- with(cgd, data.frame(id, arm = as.numeric(treat != "placebo"), stratum = as.numeric(sex) - 1, start = tstart, stop = tstop, event = status))
data <- list(made = made, bladder = bl, cgd = cg)
out <- list()
for (name in names(data)) {
  d <- data[[name]]
  told <- c()
  for (s in c("plain", "stratified")) {
    f <- if (s == "plain") Surv(start, stop, event) ~ arm else Surv(start, stop, event) ~ arm + strata(stratum)
    m <- coxph(f, d, ties = "breslow", cluster = id, control = coxph.control(eps = 1e-14, iter.max = 100))
    told <- c(told, sprintf('"%s": [%.15g, %.15g, %.15g]', s, coef(m), sqrt(m$naive.var), sqrt(m$var)))
  }
  people <- sapply(split(d, d$id), function(p) sprintf("[%d, %d, %.15g, [%s]]", p$arm[1], p$stratum[1], max(p$stop), paste(p$stop[p$event == 1], collapse = ", ")))
  out[[name]] <- sprintf('"%s": {"found": {%s},\n"patients": [%s]}', name, paste(told, collapse = ", "), paste(people, collapse = ", "))
}
cat(sprintf('{"source": "R %s, survival %s, recurrent_events.R",\n%s\n}\n', getRversion(), packageVersion("survival"), paste(unlist(out), collapse = ",\n")))
