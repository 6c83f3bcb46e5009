# CMH tests and Mantel-Haenszel estimates: stats::mantelhaen.test, and metafor::rma.mh for the variances.
# Rscript mantel_haenszel.R > ../mantel_haenszel.json (R 4.2.2, metafor 3.8-1)
suppressMessages(library(metafor))
tables <- list(
  trial = rbind(c(60, 34, 30, 12), c(41, 30, 22, 11), c(25, 7, 12, 1)),
  admissions = t(sapply(1:6, function(d) {
    x <- UCBAdmissions[, , d]
    c(sum(x[, "Female"]), x["Admitted", "Female"], sum(x[, "Male"]), x["Admitted", "Male"])
  })),
  sparse = rbind(c(8, 0, 9, 3), c(5, 2, 4, 4), c(6, 0, 7, 1), c(12, 5, 11, 9), c(2, 1, 3, 0)),
  one = rbind(c(70, 56, 80, 48))
)
cases <- list()
for (name in names(tables)) {
  x <- tables[[name]]
  if (nrow(x) > 1) {
    array3 <- array(rbind(x[, 2], x[, 1] - x[, 2], x[, 4], x[, 3] - x[, 4]), c(2, 2, nrow(x)))
    chi <- unname(mantelhaen.test(array3, correct = FALSE)$statistic)
  } else chi <- NA
  for (measure in c("RD", "RR", "OR")) {
    fit <- rma.mh(ai = x[, 2], n1i = x[, 1], ci = x[, 4], n2i = x[, 3], measure = measure, add = 0, drop00 = FALSE, correct = FALSE)
    cases[[length(cases) + 1]] <- sprintf('{"table": "%s", "measure": "%s", "estimate": %.15g, "se": %.15g, "chi": %s}',
      name, c(RD = "risk_difference", RR = "risk_ratio", OR = "odds_ratio")[measure], coef(fit), fit$se,
      if (is.na(chi)) "null" else sprintf("%.15g", chi))
  }
}
told <- sapply(names(tables), function(name) {
  rows <- apply(tables[[name]], 1, function(x) sprintf("[%s]", paste(x, collapse = ", ")))
  sprintf('"%s": [%s]', name, paste(rows, collapse = ", "))
})
cat(sprintf('{"source": "R %s, metafor %s, mantel_haenszel.R", "tables": {%s},\n"cases": [\n%s\n]}\n',
  getRversion(), packageVersion("metafor"), paste(told, collapse = ", "), paste(unlist(cases), collapse = ",\n")))
