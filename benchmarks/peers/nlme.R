# nlme: one grouping factor, a residual variance per environment or group.
source(file.path(commandArgs(trailingOnly = TRUE)[1], "common.R"))
suppressPackageStartupMessages(library(nlme))

control <- lmeControl(maxIter = 500, msMaxIter = 500, opt = "nlminb", returnObject = TRUE)
fit <- switch(sub("-[^-]*$", "", case),
  "T6-diag" = function() {
    lme(y ~ env, wide, random = list(geno = pdDiag(~ 0 + env)), weights = varIdent(form = ~ 1 | env), method = "REML", control = control)
  },
  "T6-us" = function() {
    lme(y ~ env, wide, random = list(geno = pdSymm(~ 0 + env)), weights = varIdent(form = ~ 1 | env), method = "REML", control = control)
  },
  "T8" = function() {
    lme(y ~ R, wide, random = list(f = pdDiag(~ 0 + R)), weights = varIdent(form = ~ 1 | R), method = "REML", control = control)
  }
)
said <- character(0)
counted <- function() {
  said <<- character(0)
  withCallingHandlers(fit(), warning = function(w) {
    said <<- c(said, conditionMessage(w))
    invokeRestart("muffleWarning")
  })
}
measure("nlme", counted, function(result) {
  list(
    loglik = as.numeric(logLik(result)), iterations = if (is.null(result$numIter)) NA else result$numIter, converged = length(said) == 0,
    status = if (length(said)) said else "no warning"
  )
})
