# Win ratios from their definition, pair by pair, and the two-sample U-statistics' projections (Bebu and Lachin 2016);
# net benefit of one number also by stats::wilcox.test. Rscript win_ratio.R > ../win_ratio.json (R 4.2.2)
suppressMessages(library(survival))
set.seed(3)
n <- 70
made <- data.frame(arm = rep(0:1, c(40, 30)), time = round(rexp(n, 0.1), 1), event = rbinom(n, 1, 0.5), stay = rpois(n, 2), score = round(rnorm(n), 1))
l <- na.omit(lung[1:120, c("sex", "time", "status", "ph.karno", "wt.loss")])
lungs <- with(l, data.frame(arm = sex - 1, time, event = status - 1, stay = ph.karno, score = wt.loss))
v <- with(veteran, data.frame(arm = trt - 1, time, event = status, stay = karno, score = age))
data <- list(made = made, lung = lungs, veteran = v)
win <- function(x, y) { # x, y: one-row data frames; 1: x wins
  if (y$event == 1 && (x$time > y$time || (x$time == y$time && x$event == 0))) return(1)
  if (x$event == 1 && (y$time > x$time || (y$time == x$time && y$event == 0))) return(-1)
  if (abs(x$stay - y$stay) > 1) return(sign(x$stay - y$stay))
  sign(y$score - x$score)
}
out <- list()
for (name in names(data)) {
  d <- data[[name]]; a <- split(d[d$arm == 1, ], seq_len(sum(d$arm == 1))); b <- split(d[d$arm == 0, ], seq_len(sum(d$arm == 0)))
  m <- sapply(b, function(y) sapply(a, function(x) win(x, y)))
  w <- m == 1; l <- m == -1; pw <- mean(w); pl <- mean(l)
  h <- function(f, g) sum((rowMeans(f) - mean(f)) * (rowMeans(g) - mean(g))) / nrow(f)^2 + sum((colMeans(f) - mean(f)) * (colMeans(g) - mean(g))) / ncol(f)^2
  V <- matrix(c(h(w, w), h(w, l), h(w, l), h(l, l)), 2)
  p <- 0.5 + (pw - pl) / 2
  se <- function(g) sqrt(g %*% V %*% g)
  mw <- wilcox.test(d$score[d$arm == 0], d$score[d$arm == 1], exact = FALSE)$statistic / (sum(d$arm == 1) * sum(d$arm == 0))
  rows <- apply(d, 1, function(r) sprintf("[%s]", paste(r, collapse = ", ")))
  out[[name]] <- sprintf('"%s": {"won": %.15g, "lost": %.15g, "net_benefit": [%.15g, %.15g], "win_ratio": [%.15g, %.15g], "win_odds": [%.15g, %.15g], "score_alone": %.15g,\n"rows": [%s]}',
    name, pw, pl, pw - pl, se(c(1, -1)), log(pw / pl), se(c(1 / pw, -1 / pl)), qlogis(p), se(c(0.5, -0.5) / (p * (1 - p))), 2 * mw - 1, paste(rows, collapse = ", "))
}
cat(sprintf('{"source": "R %s, win_ratio.R",\n%s\n}\n', getRversion(), paste(unlist(out), collapse = ",\n")))
